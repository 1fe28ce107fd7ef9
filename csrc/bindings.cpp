// The module, and the functions of search, selection and hashing (those of distort: distort/bindings.cpp). Only the
// bindings know Python: they check arguments, never copy silently, release the GIL, let Ctrl-C through.
#include "bindings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "diameter.hpp"
#include "nearest.hpp"
#include "principal_filter.hpp"
#include "range_join.hpp"
#include "thin.hpp"
#include "xxh64.hpp"

namespace {

namespace py = pybind11;
using syndr::Doubles, syndr::Longs, syndr::kernel, syndr::values;

syndr::MatrixView view_of(const py::array& array, const char* name) {
    if (array.ndim() != 2 || array.shape(1) == 0)
        throw py::value_error(std::string(name) + " must have two dimensions (rows, dims), dims > 0");
    syndr::Scalar scalar;
    switch (array.dtype().num()) {
        case 20: scalar = syndr::Scalar::bf16; break;  // NPY_VOID of two bytes: NumPy has no bfloat16
        case 23: scalar = syndr::Scalar::f16; break;   // NPY_HALF; pybind11 names only float and double
        case py::detail::npy_api::NPY_FLOAT_: scalar = syndr::Scalar::f32; break;
        case py::detail::npy_api::NPY_DOUBLE_: scalar = syndr::Scalar::f64; break;
        default: throw py::type_error(std::string(name) + " must be float16, bfloat16 (as V2), float32 or float64");
    }
    if (scalar == syndr::Scalar::bf16 && array.itemsize() != 2)
        throw py::type_error(std::string(name) + " must be float16, bfloat16 (as V2), float32 or float64");
    if (array.dtype().byteorder() != '=' && array.dtype().byteorder() != '|')
        throw py::type_error(std::string(name) + " must have native byte order");
    return {static_cast<const std::byte*>(array.data()), std::size_t(array.shape(0)), std::size_t(array.shape(1)),
            array.strides(0), array.strides(1), scalar};
}

// A job whose ticks let Python see Ctrl-C and hear of progress. It keeps `progress`, which may be a temporary.
syndr::Job job(unsigned threads, const py::object& progress) {
    return syndr::Job(threads, [progress](std::size_t done, std::size_t total) {
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

Doubles squared_norms(const py::array& X, unsigned threads, const py::object& progress) {
    const auto view = view_of(X, "X");
    auto work = job(threads, progress);
    std::vector<double> norms;
    {
        const syndr::Kernel best = kernel();
        const py::gil_scoped_release release;
        norms = syndr::squared_norms(view, best, work);
    }
    return to_array(std::move(norms));
}

py::array_t<float> unit_rows(const py::array& X, const Doubles& norms, unsigned threads) {
    const auto view = view_of(X, "X");
    const double* squared = values(norms, view.rows, "norms");
    py::array_t<float> out({py::ssize_t(view.rows), py::ssize_t(view.dims)});
    float* to = out.mutable_data();
    auto work = job(threads, py::none());
    {
        const syndr::Kernel best = kernel();
        const py::gil_scoped_release release;
        constexpr std::size_t kChunk = 64;
        work.run((view.rows + kChunk - 1) / kChunk, [&](std::size_t chunk, unsigned) {
            syndr::UnitRow unit(view, squared, best);
            std::vector<float> row(unit.stride());
            for (std::size_t r = chunk * kChunk; r < std::min(view.rows, (chunk + 1) * kChunk); ++r) {
                unit(r, row.data());
                std::copy_n(row.data(), view.dims, to + r * view.dims);
            }
        });
    }
    return out;
}

using Singles = py::array_t<float, py::array::c_style>;

// A join with the arrays it looks at, which it does not own.
class BoundJoin {
public:
    BoundJoin(const py::array& X, const Doubles& norms, double radius, const std::optional<Doubles>& labels, double gap,
              const std::optional<Longs>& members, const std::optional<Singles>& basis, const Singles& centre,
              float step, bool whole_rows, unsigned threads, const py::object& progress)
        : X_(X), norms_(norms), labels_(labels), threads_(threads) {
        const auto view = view_of(X, "X");
        const double* squared = values(norms, view.rows, "norms");
        const std::size_t stride = syndr::padded(view.dims);
        const std::size_t directions = basis ? std::size_t(basis->shape(0)) : 0;
        if (basis && (basis->ndim() != 2 || std::size_t(basis->shape(1)) != view.dims || directions == 0))
            throw py::value_error("basis must have shape (directions, dims)");
        if (centre.ndim() != 1 || std::size_t(centre.size()) != (basis ? directions + 1 : view.dims))
            throw py::value_error("centre must have directions + 1 entries, without a basis dims");
        if (labels && !std::all_of(labels->data(), labels->data() + labels->size(), [](double y) { return std::isfinite(y); }))
            throw py::value_error("labels must be finite");
        if (!(step >= syndr::kSmallestStep)) throw py::value_error("step must be at least 0.001");
        const std::size_t kept = syndr::padded(std::size_t(centre.size()), syndr::kRowStep);
        std::vector<float> padded_centre(kept);
        std::copy_n(centre.data(), centre.size(), padded_centre.begin());
        syndr::Aligned<float> padded_basis(directions * stride);
        std::fill(padded_basis.data(), padded_basis.data() + directions * stride, 0.0f);
        for (std::size_t r = 0; basis && r < directions; ++r)
            std::copy_n(basis->data(py::ssize_t(r), 0), view.dims, padded_basis.data() + r * stride);
        const syndr::Filter filter{basis ? padded_basis.data() : nullptr, directions, padded_centre.data(), kept, step};
        const syndr::JoinSettings settings{
            radius, labels ? values(*labels, view.rows, "labels") : nullptr, gap, member_rows(members, view.rows),
            filter, whole_rows, kernel()};
        auto work = job(threads, progress);
        const py::gil_scoped_release release;
        join_ = std::make_unique<syndr::RangeJoin>(view, squared, settings, work);
    }

    std::size_t tasks() const { return join_->tasks(); }

    Longs components(const py::object& progress) {
        auto work = job(threads_, progress);
        std::vector<std::int64_t> found;
        {
            const py::gil_scoped_release release;
            found = join_->components(work);
        }
        return to_array(std::move(found));
    }

    py::tuple pairs(std::size_t first, std::size_t last, const py::object& progress) {
        auto work = job(threads_, progress);
        std::vector<std::int64_t> i, j;
        std::vector<double> distance;
        {
            const py::gil_scoped_release release;
            const auto found = join_->pairs(first, last, work);
            i.reserve(found.size());
            j.reserve(found.size());
            distance.reserve(found.size());
            for (const syndr::Pair& pair : found) {
                i.push_back(pair.i);
                j.push_back(pair.j);
                distance.push_back(pair.distance);
            }
        }
        return py::make_tuple(to_array(std::move(i)), to_array(std::move(j)), to_array(std::move(distance)));
    }

    py::dict counts() const {
        const syndr::JoinCounts& counts = join_->counts();
        py::dict named;
        named["tiles"] = counts.tiles;
        named["tiles_joined"] = counts.tiles_joined;
        named["tiles_by_product"] = counts.tiles_by_product;
        named["compared"] = counts.compared;
        named["candidates"] = counts.candidates;
        named["joined"] = counts.joined;
        named["by_bytes"] = counts.by_bytes;
        named["by_float32"] = counts.by_float32;
        named["by_float64"] = counts.by_float64;
        return named;
    }

private:
    static std::vector<std::uint32_t> member_rows(const std::optional<Longs>& members, std::size_t rows) {
        std::vector<std::uint32_t> found;
        if (!members) return found;
        if (members->ndim() != 1 || members->size() == 0) throw py::value_error("members must be a list of rows");
        for (py::ssize_t m = 0; m < members->size(); ++m) {
            const std::int64_t row = members->data()[m];
            if (row < 0 || std::size_t(row) >= rows)
                throw py::index_error("members: there is no row " + std::to_string(row));
            found.push_back(std::uint32_t(row));
        }
        return found;
    }

    py::array X_;
    Doubles norms_;
    std::optional<Doubles> labels_;
    unsigned threads_;
    std::unique_ptr<syndr::RangeJoin> join_;
};

py::tuple principal_filter(const py::array& X, const Doubles& norms, std::size_t sampled, std::size_t directions,
                           unsigned threads, const py::object& progress) {
    const auto view = view_of(X, "X");
    const double* squared = values(norms, view.rows, "norms");
    if (view.rows == 0 || sampled == 0 || directions == 0)
        throw py::value_error("a filter needs rows, a sample of them and directions");
    auto work = job(threads, progress);
    syndr::PrincipalFilter filter;
    {
        const syndr::Kernel best = kernel();
        const py::gil_scoped_release release;
        filter = syndr::principal_filter(view, squared, sampled, directions, best, work);
    }
    const std::vector<py::ssize_t> shape{py::ssize_t(filter.centre.size()) - 1, py::ssize_t(view.dims)};
    return py::make_tuple(to_array(std::move(filter.basis), shape), to_array(std::move(filter.centre)), filter.step);
}

Doubles pair_distances(const py::array& A, const Doubles& norms_a, const py::array& B, const Doubles& norms_b,
                       const Longs& i, const Longs& j, unsigned threads) {
    const auto a = view_of(A, "A"), b = view_of(B, "B");
    const double* squared_a = values(norms_a, a.rows, "norms_a");
    const double* squared_b = values(norms_b, b.rows, "norms_b");
    const std::size_t count = std::size_t(i.size());
    const std::int64_t *rows_a = values(i, count, "i"), *rows_b = values(j, count, "j");
    if (a.dims != b.dims) throw py::value_error("A and B must have equal dims");
    for (std::size_t p = 0; p < count; ++p)
        if (rows_a[p] < 0 || std::size_t(rows_a[p]) >= a.rows || rows_b[p] < 0 || std::size_t(rows_b[p]) >= b.rows)
            throw py::index_error("pair " + std::to_string(p) + " names a row that does not exist");
    std::vector<double> distances(count);
    auto work = job(threads, py::none());
    {
        const syndr::Kernel best = kernel();
        const py::gil_scoped_release release;
        constexpr std::size_t kChunk = 256;
        work.run((count + kChunk - 1) / kChunk, [&](std::size_t chunk, unsigned) {
            syndr::PairDistance decide(a, squared_a, b, squared_b, best);
            for (std::size_t p = chunk * kChunk; p < std::min(count, (chunk + 1) * kChunk); ++p)
                distances[p] = decide(std::size_t(rows_a[p]), std::size_t(rows_b[p]));
        });
    }
    return to_array(std::move(distances));
}

py::tuple nearest(const py::array& queries, const Doubles& query_norms, const py::array& base,
                  const Doubles& base_norms, std::size_t k, bool farthest, const std::optional<Longs>& query_groups,
                  const std::optional<Longs>& base_groups, unsigned threads, const py::object& progress) {
    const auto q = view_of(queries, "queries"), b = view_of(base, "base");
    if (q.dims != b.dims) throw py::value_error("queries and base must have equal dims");
    if (query_groups.has_value() != base_groups.has_value())
        throw py::value_error("query_groups and base_groups go together");
    if (k > std::size_t(std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(double) / std::max<std::size_t>(q.rows, 1))
        throw py::value_error("k is too large");
    const double* squared_q = values(query_norms, q.rows, "query_norms");
    const double* squared_b = values(base_norms, b.rows, "base_norms");
    const syndr::NearestSettings settings{
        k, farthest, query_groups ? values(*query_groups, q.rows, "query_groups") : nullptr,
        base_groups ? values(*base_groups, b.rows, "base_groups") : nullptr, kernel()};
    auto work = job(threads, progress);
    syndr::Neighbours found;
    {
        const py::gil_scoped_release release;
        found = syndr::nearest(q, squared_q, b, squared_b, settings, work);
    }
    const std::vector<py::ssize_t> shape{py::ssize_t(q.rows), py::ssize_t(k)};
    return py::make_tuple(to_array(std::move(found.distances), shape), to_array(std::move(found.rows), shape));
}

Doubles diameters(const py::array& X, const Doubles& norms, const Longs& clusters, std::size_t count, unsigned threads,
                  const py::object& progress) {
    const auto view = view_of(X, "X");
    const double* squared = values(norms, view.rows, "norms");
    const std::int64_t* cluster_of = values(clusters, view.rows, "clusters");
    for (std::size_t r = 0; r < view.rows; ++r)
        if (cluster_of[r] < 0 || std::size_t(cluster_of[r]) >= count)
            throw py::value_error("clusters must be numbered from 0 to count - 1");
    auto work = job(threads, progress);
    std::vector<double> found;
    {
        const syndr::Kernel best = kernel();
        const py::gil_scoped_release release;
        found = syndr::diameters(view, squared, cluster_of, count, best, work);
    }
    return to_array(std::move(found));
}

py::tuple thin(std::size_t count, const Longs& i, const Longs& j, bool forward, std::size_t keep) {
    const std::size_t size = std::size_t(i.size());
    const std::int64_t *first = values(i, size, "i"), *second = values(j, size, "j");
    if (count > std::size_t(std::numeric_limits<std::int32_t>::max())) throw py::value_error("count is too large");
    for (std::size_t p = 0; p < size; ++p)
        if (first[p] < 0 || first[p] >= second[p] || std::size_t(second[p]) >= count)
            throw py::value_error("pairs must satisfy 0 <= i < j < count");
    auto thinned = forward ? syndr::thin_forward(count, size, first, second, keep)
                           : syndr::thin_closest_first(count, size, first, second, keep);
    return py::make_tuple(to_array(std::move(thinned.removed_by)), to_array(std::move(thinned.decided_by)));
}

py::array_t<std::uint64_t> hash_ids(const py::list& ids, std::uint64_t seed) {
    std::vector<std::uint64_t> hashes;
    hashes.reserve(ids.size());
    for (const py::handle id : ids) {
        py::ssize_t size = 0;
        const char* text = PyUnicode_AsUTF8AndSize(id.ptr(), &size);
        if (!text) throw py::error_already_set();
        hashes.push_back(syndr::xxh64(text, std::size_t(size), seed));
    }
    return to_array(std::move(hashes));
}

std::vector<std::string> kernels() {
    std::vector<std::string> names;
    for (const syndr::Kernel& each : syndr::available_kernels()) names.emplace_back(each.name);
    return names;
}

}  // namespace

PYBIND11_MODULE(_native, m) {
    using namespace py::literals;
    m.doc() = "The native core of syndr; its typed face is _native.pyi, its users are syndr.search,"
              " syndr.rng and syndr.distort.";
    m.def("squared_norms", &squared_norms, "X"_a, "threads"_a, "progress"_a);
    py::class_<BoundJoin>(m, "RangeJoin")
        .def(py::init<const py::array&, const Doubles&, double, const std::optional<Doubles>&, double,
                      const std::optional<Longs>&, const std::optional<Singles>&, const Singles&, float, bool,
                      unsigned, const py::object&>(),
             "X"_a, "norms"_a.noconvert(), "radius"_a, "labels"_a.noconvert(), "gap"_a, "members"_a.noconvert(),
             "basis"_a.noconvert(), "centre"_a.noconvert(), "step"_a, "whole_rows"_a, "threads"_a, "progress"_a)
        .def_property_readonly("tasks", &BoundJoin::tasks)
        .def("components", &BoundJoin::components, "progress"_a)
        .def("pairs", &BoundJoin::pairs, "first"_a, "last"_a, "progress"_a)
        .def("counts", &BoundJoin::counts)
        .attr("MOST_DIMS") = syndr::RangeJoin::kMostDims;
    m.def("principal_filter", &principal_filter, "X"_a, "norms"_a.noconvert(), "sampled"_a, "directions"_a, "threads"_a,
          "progress"_a);
    m.def("pair_distances", &pair_distances, "A"_a, "norms_a"_a.noconvert(), "B"_a, "norms_b"_a.noconvert(),
          "i"_a.noconvert(), "j"_a.noconvert(), "threads"_a = 1);
    m.def("unit_rows", &unit_rows, "X"_a, "norms"_a.noconvert(), "threads"_a);
    m.def("nearest", &nearest, "queries"_a, "query_norms"_a.noconvert(), "base"_a, "base_norms"_a.noconvert(), "k"_a,
          "farthest"_a, "query_groups"_a.noconvert(), "base_groups"_a.noconvert(), "threads"_a, "progress"_a);
    m.def("diameters", &diameters, "X"_a, "norms"_a.noconvert(), "clusters"_a.noconvert(), "count"_a, "threads"_a,
          "progress"_a);
    m.def("thin", &thin, "count"_a, "i"_a.noconvert(), "j"_a.noconvert(), "forward"_a, "keep"_a);
    m.def("hash_ids", &hash_ids, "ids"_a, "seed"_a);
    syndr::bind_distort(m);
    m.def("kernels", &kernels);
    m.attr("SMALLEST_SQUARED_NORM") = syndr::kSmallestSquaredNorm;
    m.attr("LARGEST_SQUARED_NORM") = syndr::kLargestSquaredNorm;
}
