// Joins as Python sees them: of all rows at once, and of blocks of rows that were prepared apart.
#include "bindings.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "range_join.hpp"

namespace syndr {

namespace {

using Singles = py::array_t<float, py::array::c_style>;
using Memory = py::array_t<std::uint8_t, py::array::c_style>;

// A filter with its arrays, padded as the kernels want them.
class BoundFilter {
public:
    BoundFilter(std::size_t dims, const std::optional<Singles>& basis, const Singles& centre, float step)
        : basis_(basis ? padded(dims) * std::size_t(basis->shape(0)) : 0) {
        const std::size_t stride = padded(dims);
        const std::size_t directions = basis ? std::size_t(basis->shape(0)) : 0;
        if (basis && (basis->ndim() != 2 || std::size_t(basis->shape(1)) != dims || directions == 0))
            throw py::value_error("basis must have shape (directions, dims)");
        if (centre.ndim() != 1 || std::size_t(centre.size()) != (basis ? directions + 1 : dims))
            throw py::value_error("centre must have directions + 1 entries, without a basis dims");
        if (!(step >= kSmallestStep)) throw py::value_error("step must be at least 0.001");
        centre_.resize(padded(std::size_t(centre.size()), kRowStep));
        std::copy_n(centre.data(), centre.size(), centre_.begin());
        std::fill(basis_.data(), basis_.data() + directions * stride, 0.0f);
        for (std::size_t r = 0; basis && r < directions; ++r)
            std::copy_n(basis->data(py::ssize_t(r), 0), dims, basis_.data() + r * stride);
        filter_ = {basis ? basis_.data() : nullptr, directions, centre_.data(), centre_.size(), step};
    }

    const Filter& operator*() const { return filter_; }

private:
    Aligned<float> basis_;
    std::vector<float> centre_;
    Filter filter_;
};

std::vector<std::uint32_t> member_rows(const Longs& members, std::size_t rows) {
    if (members.ndim() != 1 || members.size() == 0) throw py::value_error("members must be a list of rows");
    std::vector<std::uint32_t> found;
    found.reserve(std::size_t(members.size()));
    for (py::ssize_t m = 0; m < members.size(); ++m) {
        const std::int64_t row = members.data()[m];
        if (row < 0 || std::size_t(row) >= rows)
            throw py::index_error("members: there is no row " + std::to_string(row));
        found.push_back(std::uint32_t(row));
    }
    return found;
}

py::tuple pair_arrays(const std::vector<Pair>& found) {
    std::vector<std::int64_t> i, j;
    std::vector<double> distance;
    i.reserve(found.size());
    j.reserve(found.size());
    distance.reserve(found.size());
    for (const Pair& pair : found) {
        i.push_back(pair.i);
        j.push_back(pair.j);
        distance.push_back(pair.distance);
    }
    return py::make_tuple(to_array(std::move(i)), to_array(std::move(j)), to_array(std::move(distance)));
}

// What both kinds of join do, with the arrays that they look at and do not own.
class BoundJoin {
public:
    BoundJoin(const py::array& X, const Doubles& norms, const std::optional<Doubles>& labels, unsigned threads)
        : X_(X), norms_(norms), labels_(labels), threads_(threads), view_(view_of(X, "X")),
          squared_(values(norms, view_.rows, "norms")) {
        if (labels && !std::all_of(labels->data(), labels->data() + labels->size(), [](double y) { return std::isfinite(y); }))
            throw py::value_error("labels must be finite");
    }

    std::size_t tasks() const { return join_->tasks(); }

    py::tuple pairs(std::size_t first, std::size_t last, const py::object& progress) {
        auto work = job(threads_, progress);
        std::vector<Pair> found;
        {
            const py::gil_scoped_release release;
            found = join_->pairs(first, last, work);
        }
        return pair_arrays(found);
    }

    py::dict counts() const {
        const JoinCounts& counts = join_->counts();
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

protected:
    JoinSettings settings(double radius, double gap) const {
        return {radius, labels_ ? values(*labels_, view_.rows, "labels") : nullptr, gap, {}, {}, true, kernel()};
    }

    py::array X_;
    Doubles norms_;
    std::optional<Doubles> labels_;
    unsigned threads_;
    MatrixView view_;
    const double* squared_;
    std::unique_ptr<RangeJoin> join_;
};

class WholeJoin : public BoundJoin {
public:
    WholeJoin(const py::array& X, const Doubles& norms, double radius, const std::optional<Doubles>& labels, double gap,
              const std::optional<Longs>& members, const std::optional<Singles>& basis, const Singles& centre,
              float step, bool whole_rows, unsigned threads, const py::object& progress)
        : BoundJoin(X, norms, labels, threads) {
        const BoundFilter filter(view_.dims, basis, centre, step);
        JoinSettings wanted = settings(radius, gap);
        if (members) wanted.members = member_rows(*members, view_.rows);
        wanted.filter = *filter;
        wanted.whole_rows = whole_rows;
        auto work = job(threads, progress);
        const py::gil_scoped_release release;
        join_ = std::make_unique<RangeJoin>(view_, squared_, wanted, work);
    }

    Longs components(const py::object& progress) {
        auto work = job(threads_, progress);
        std::vector<std::int64_t> found;
        {
            const py::gil_scoped_release release;
            found = join_->components(work);
        }
        return to_array(std::move(found));
    }
};

// Prepared rows as bytes, which are theirs.
Memory prepared_rows(const py::array& X, const Doubles& norms, double radius, const std::optional<Doubles>& labels,
                     const Longs& members, const std::optional<Singles>& basis, const Singles& centre, float step,
                     bool whole_rows, unsigned threads) {
    const auto view = view_of(X, "X");
    const double* squared = values(norms, view.rows, "norms");
    const BoundFilter filter(view.dims, basis, centre, step);
    const JoinSettings settings{radius, labels ? values(*labels, view.rows, "labels") : nullptr, 0,
                                member_rows(members, view.rows), *filter, whole_rows, kernel()};
    auto work = job(threads, py::none());
    std::unique_ptr<PreparedRows> rows;
    {
        const py::gil_scoped_release release;
        rows = std::make_unique<PreparedRows>(view, squared, settings, work);
    }
    const auto size = py::ssize_t(rows->bytes());
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(rows->memory());
    const py::capsule owner(rows.release(), [](void* p) { delete static_cast<PreparedRows*>(p); });
    return Memory({size}, bytes, owner);
}

// Of one block of prepared rows with itself, or of two with each other.
class BlockJoin : public BoundJoin {
public:
    BlockJoin(const py::array& X, const Doubles& norms, double radius, const std::optional<Doubles>& labels, double gap,
              const Longs& members, const Memory& prepared, const std::optional<Longs>& other_members,
              const std::optional<Memory>& other_prepared)
        : BoundJoin(X, norms, labels, 1), memory_{prepared} {
        if (other_members.has_value() != other_prepared.has_value())
            throw py::value_error("the other block's members and prepared rows go together");
        if (other_prepared) memory_.push_back(*other_prepared);
        const auto a = taken_up(settings(radius, gap), members, prepared);
        const auto b = other_prepared ? taken_up(settings(radius, gap), *other_members, *other_prepared) : a;
        join_ = std::make_unique<RangeJoin>(view_, squared_, settings(radius, gap), a, b);
    }

    py::tuple forest(const Longs& groups) {
        if (groups.ndim() != 1) throw py::value_error("groups must be one-dimensional");
        const std::vector<std::int64_t> known(groups.data(), groups.data() + groups.size());
        auto work = job(1, py::none());
        std::vector<Link> found;
        {
            const py::gil_scoped_release release;
            found = join_->forest(known, work);
        }
        std::vector<std::int64_t> i, j;
        for (const Link& link : found) {
            i.push_back(std::int64_t(link.a));
            j.push_back(std::int64_t(link.b));
        }
        return py::make_tuple(to_array(std::move(i)), to_array(std::move(j)));
    }

private:
    RangeJoin::Prepared taken_up(JoinSettings wanted, const Longs& members, const Memory& memory) const {
        wanted.members = member_rows(members, view_.rows);
        return std::make_shared<PreparedRows>(view_, wanted, reinterpret_cast<const std::byte*>(memory.data()),
                                              std::size_t(memory.size()));
    }

    std::vector<Memory> memory_;
};

// Sets of rows that grow together.
class JoinedRows {
public:
    explicit JoinedRows(std::size_t rows) : rows_(rows), sets_(rows) {
        if (rows > UINT32_MAX) throw py::value_error("at most 2^32 - 1 rows can be joined");
    }

    // Gives how many of the pairs joined two sets.
    std::size_t join(const Longs& i, const Longs& j) {
        const auto count = std::size_t(i.size());
        const std::int64_t *first = values(i, count, "i"), *second = values(j, count, "j");
        std::size_t joined = 0;
        for (std::size_t p = 0; p < count; ++p) joined += sets_.join(checked(first[p]), checked(second[p]));
        return joined;
    }

    Longs roots(const Longs& rows) {
        const auto count = std::size_t(rows.size());
        const std::int64_t* asked = values(rows, count, "rows");
        std::vector<std::int64_t> found(count);
        for (std::size_t r = 0; r < count; ++r) found[r] = sets_.find(DisjointSet::Index(checked(asked[r])));
        return to_array(std::move(found));
    }

    Longs labels() {
        std::vector<DisjointSet::Index> places(rows_);
        for (std::size_t row = 0; row < rows_; ++row) places[row] = DisjointSet::Index(row);
        return to_array(sets_.labels(places));
    }

private:
    std::size_t checked(std::int64_t row) const {
        if (row < 0 || std::size_t(row) >= rows_) throw py::index_error("there is no row " + std::to_string(row));
        return std::size_t(row);
    }

    std::size_t rows_;
    DisjointSet sets_;
};

}  // namespace

void bind_joins(py::module_& m) {
    using namespace py::literals;
    py::class_<WholeJoin>(m, "RangeJoin")
        .def(py::init<const py::array&, const Doubles&, double, const std::optional<Doubles>&, double,
                      const std::optional<Longs>&, const std::optional<Singles>&, const Singles&, float, bool,
                      unsigned, const py::object&>(),
             "X"_a, "norms"_a.noconvert(), "radius"_a, "labels"_a.noconvert(), "gap"_a, "members"_a.noconvert(),
             "basis"_a.noconvert(), "centre"_a.noconvert(), "step"_a, "whole_rows"_a, "threads"_a, "progress"_a)
        .def_property_readonly("tasks", &WholeJoin::tasks)
        .def("components", &WholeJoin::components, "progress"_a)
        .def("pairs", &WholeJoin::pairs, "first"_a, "last"_a, "progress"_a)
        .def("counts", &WholeJoin::counts)
        .attr("MOST_DIMS") = RangeJoin::kMostDims;
    m.def("prepared_rows", &prepared_rows, "X"_a, "norms"_a.noconvert(), "radius"_a, "labels"_a.noconvert(),
          "members"_a.noconvert(), "basis"_a.noconvert(), "centre"_a.noconvert(), "step"_a, "whole_rows"_a, "threads"_a);
    py::class_<BlockJoin>(m, "BlockJoin")
        .def(py::init<const py::array&, const Doubles&, double, const std::optional<Doubles>&, double, const Longs&,
                      const Memory&, const std::optional<Longs>&, const std::optional<Memory>&>(),
             "X"_a, "norms"_a.noconvert(), "radius"_a, "labels"_a.noconvert(), "gap"_a, "members"_a.noconvert(),
             "prepared"_a.noconvert(), "other_members"_a.noconvert() = py::none(),
             "other_prepared"_a.noconvert() = py::none())
        .def_property_readonly("tasks", &BlockJoin::tasks)
        .def("forest", &BlockJoin::forest, "groups"_a.noconvert())
        .def("pairs", &BlockJoin::pairs, "first"_a, "last"_a, "progress"_a)
        .def("counts", &BlockJoin::counts);
    py::class_<JoinedRows>(m, "JoinedRows")
        .def(py::init<std::size_t>(), "rows"_a)
        .def("join", &JoinedRows::join, "i"_a.noconvert(), "j"_a.noconvert())
        .def("roots", &JoinedRows::roots, "rows"_a.noconvert())
        .def("labels", &JoinedRows::labels);
}

}  // namespace syndr
