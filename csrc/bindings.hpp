// What the files that know Python share: array types, their checks, and the choice of kernels.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "kernels/kernel.hpp"

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

// Adds the functions of syndr.distort.
void bind_distort(py::module_& m);

}  // namespace syndr
