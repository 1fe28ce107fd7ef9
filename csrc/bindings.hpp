// What the files that know Python share: array types, their checks, and the choice of kernels.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "kernels/kernel.hpp"
#include "matrix_view.hpp"
#include "parallel.hpp"

namespace syndr {

namespace py = pybind11;

using Doubles = py::array_t<double, py::array::c_style>;
using Longs = py::array_t<std::int64_t, py::array::c_style>;

inline const double* values(const Doubles& array, std::size_t size, const char* name) {
    if (array.ndim() != 1 || std::size_t(array.shape(0)) != size)
        throw py::value_error(std::string(name) + " must be one-dimensional and have one entry per row");
    return array.data();
}

inline const std::int64_t* values(const Longs& array, std::size_t size, const char* name) {
    if (array.ndim() != 1 || std::size_t(array.shape(0)) != size)
        throw py::value_error(std::string(name) + " must be one-dimensional and have one entry per row");
    return array.data();
}

// SYNDR_KERNEL forces a kernel: how the tests run each one, and how a user compares them. Python's lock is held.
inline Kernel kernel() {
    const char* forced = std::getenv("SYNDR_KERNEL");  // NOLINT(concurrency-mt-unsafe)
    return choose_kernel(forced ? forced : "");
}

inline MatrixView view_of(const py::array& array, const char* name) {
    if (array.ndim() != 2 || array.shape(1) == 0)
        throw py::value_error(std::string(name) + " must have two dimensions (rows, dims), dims > 0");
    Scalar scalar;
    switch (array.dtype().num()) {
        case 20: scalar = Scalar::bf16; break;  // NPY_VOID of two bytes: NumPy has no bfloat16
        case 23: scalar = Scalar::f16; break;   // NPY_HALF; pybind11 names only float and double
        case py::detail::npy_api::NPY_FLOAT_: scalar = Scalar::f32; break;
        case py::detail::npy_api::NPY_DOUBLE_: scalar = Scalar::f64; break;
        default: throw py::type_error(std::string(name) + " must be float16, bfloat16 (as V2), float32 or float64");
    }
    if (scalar == Scalar::bf16 && array.itemsize() != 2)
        throw py::type_error(std::string(name) + " must be float16, bfloat16 (as V2), float32 or float64");
    if (array.dtype().byteorder() != '=' && array.dtype().byteorder() != '|')
        throw py::type_error(std::string(name) + " must have native byte order");
    return {static_cast<const std::byte*>(array.data()), std::size_t(array.shape(0)), std::size_t(array.shape(1)),
            array.strides(0), array.strides(1), scalar};
}

// A job whose ticks let Python see Ctrl-C and hear of progress. It keeps `progress`, which may be a temporary.
inline Job job(unsigned threads, const py::object& progress) {
    return Job(threads, [progress](std::size_t done, std::size_t total) {
        const py::gil_scoped_acquire hold;
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        if (total > 0 && !progress.is_none()) progress(done, total);
    });
}

template <class T>
py::array_t<T> to_array(std::vector<T> values, std::vector<py::ssize_t> shape) {
    auto* owner = new std::vector<T>(std::move(values));
    const py::capsule free(owner, [](void* p) { delete static_cast<std::vector<T>*>(p); });
    return py::array_t<T>(std::move(shape), owner->data(), free);
}

template <class T>
py::array_t<T> to_array(std::vector<T> values) {
    const auto size = py::ssize_t(values.size());
    return to_array(std::move(values), std::vector<py::ssize_t>{size});
}

// Adds RangeJoin and what it joins.
void bind_joins(py::module_& m);

// Adds the functions of syndr.distort.
void bind_distort(py::module_& m);

}  // namespace syndr
