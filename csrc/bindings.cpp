// The module, and the functions of search, selection and hashing (those of joins: join_bindings.cpp, of distort:
// distort/bindings.cpp). Only the bindings know Python: they check arguments, never copy silently, release the GIL, let
// Ctrl-C through.
#include "bindings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "diameter.hpp"
#include "lost_page.hpp"
#include "nearest.hpp"
#include "principal_filter.hpp"
#include "thin.hpp"
#include "xxh64.hpp"

namespace {

namespace py = pybind11;
using syndr::Doubles, syndr::Longs, syndr::job, syndr::kernel, syndr::to_array, syndr::values, syndr::view_of;

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
        throw py::value_error("k = " + std::to_string(k) + " is too large for " + std::to_string(q.rows) + " queries");
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
    syndr::bind_joins(m);
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
    m.def("explain_lost_pages", &syndr::explain_lost_pages);
    m.attr("SMALLEST_SQUARED_NORM") = syndr::kSmallestSquaredNorm;
    m.attr("LARGEST_SQUARED_NORM") = syndr::kLargestSquaredNorm;
}
