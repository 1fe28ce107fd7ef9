// The tiled join against two nested loops: pairs, order, components; every kernel, thread count and layout.
#include "range_join.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

#include "check.hpp"
#include "matrices.hpp"
#include "principal_filter.hpp"

namespace {

using syndr::test::Matrix;

std::vector<syndr::Pair> all_pairs(Matrix& rows) {
    const auto norms = rows.norms();
    syndr::PairDistance decide(rows.view(), norms.data(), rows.view(), norms.data(),
                               syndr::choose_kernel("portable"));
    std::vector<syndr::Pair> all;
    for (std::size_t i = 0; i < rows.rows(); ++i)
        for (std::size_t j = i + 1; j < rows.rows(); ++j)
            all.push_back({std::int64_t(i), std::int64_t(j), decide(i, j)});
    std::stable_sort(all.begin(), all.end(),
                     [](const syndr::Pair& a, const syndr::Pair& b) { return a.distance < b.distance; });
    return all;
}

// The short rows to test with: none but the rows themselves; directions of any quality; steps from fine to absurd.
struct AnyFilter {
    AnyFilter(Matrix& rows, std::size_t directions, float step, bool random, const syndr::Kernel& kernel) {
        const std::size_t dims = rows.dims(), stride = syndr::padded(dims);
        const auto norms = rows.norms();
        syndr::Job job(2);
        if (directions > 0 && rows.rows() > 0) {
            auto made = syndr::principal_filter(rows.view(), norms.data(), 300, directions, kernel, job);
            basis = syndr::Aligned<float>(made.basis.size() / dims * stride);
            filter.directions = made.basis.size() / dims;
            std::fill(basis.data(), basis.data() + filter.directions * stride, 0.0f);
            std::mt19937 number(7);
            for (std::size_t d = 0; d < filter.directions; ++d)
                for (std::size_t k = 0; k < dims; ++k)
                    basis.data()[d * stride + k] =
                        random ? float(number() % 1000) / 500 - 1 : made.basis[d * dims + k];
            centre = random ? std::vector<float>(filter.directions + 1, 0.5f) : made.centre;
            filter.step = step > 0 ? step : made.step;
            filter.basis = basis.data();
        } else {
            centre.resize(dims);
            filter.step = step > 0 ? step : 0.005f;
        }
        filter.kept = syndr::padded(centre.size());
        centre.resize(filter.kept);
        filter.centre = centre.data();
    }
    syndr::Aligned<float> basis{0};
    std::vector<float> centre;
    syndr::Filter filter;
};

// The same in blocks of rows, each prepared apart and taken up from a copy of its memory.
void compare_blocks(Matrix& rows, const std::vector<syndr::Pair>& expected, const std::vector<std::int64_t>& components,
                    const syndr::JoinSettings& settings, syndr::Job& job) {
    constexpr std::size_t kRows = 250;
    const auto norms = rows.norms();
    std::vector<std::vector<std::uint32_t>> members;
    std::vector<syndr::Aligned<std::byte>> memory;
    std::vector<std::shared_ptr<syndr::PreparedRows>> blocks;
    for (std::size_t first = 0; first < rows.rows(); first += kRows) {
        syndr::JoinSettings own = settings;
        for (std::size_t r = first; r < std::min(rows.rows(), first + kRows); ++r)
            own.members.push_back(std::uint32_t(r * 11 % rows.rows()));  // in no order
        const syndr::PreparedRows made(rows.view(), norms.data(), own, job);
        memory.emplace_back(made.bytes());
        std::memcpy(memory.back().data(), made.memory(), made.bytes());
        blocks.push_back(std::make_shared<syndr::PreparedRows>(rows.view(), own, memory.back().data(), made.bytes()));
        members.push_back(own.members);
    }
    std::map<std::pair<std::int64_t, std::int64_t>, double> distance;
    for (const syndr::Pair& pair : expected) distance[{pair.i, pair.j}] = pair.distance;
    syndr::DisjointSet sets(rows.rows());
    std::size_t links = 0, pairs = 0;
    for (std::size_t a = 0; a < blocks.size(); ++a)
        for (std::size_t b = a; b < blocks.size(); ++b) {
            std::vector<std::uint32_t> both = members[a];
            if (b != a) both.insert(both.end(), members[b].begin(), members[b].end());
            std::vector<std::int64_t> groups;
            groups.reserve(both.size());
            for (const std::uint32_t row : both) groups.push_back(sets.find(row));
            syndr::RangeJoin join(rows.view(), norms.data(), settings, blocks[a], blocks[b]);
            for (const syndr::Link& link : join.forest(groups, job)) {
                CHECK(sets.join(both[link.a], both[link.b]));  // none more than needed
                ++links;
            }
            for (const syndr::Pair& pair : join.pairs(0, join.tasks(), job)) {
                const std::int64_t i = std::min(both[pair.i], both[pair.j]), j = std::max(both[pair.i], both[pair.j]);
                const auto known = distance.find({i, j});
                CHECK(known != distance.end() && known->second == pair.distance);
                ++pairs;
            }
        }
    std::vector<std::uint32_t> places(rows.rows());
    std::iota(places.begin(), places.end(), 0u);
    CHECK(sets.labels(places) == components);
    CHECK(links + std::size_t(*std::max_element(components.begin(), components.end())) + 1 == rows.rows());
    CHECK(pairs == expected.size());
}

void compare(Matrix& rows, const std::vector<syndr::Pair>& all, syndr::JoinSettings settings, unsigned threads) {
    std::vector<syndr::Pair> expected;
    for (const syndr::Pair& pair : all)
        if (pair.distance < settings.radius &&
            (!settings.labels || std::fabs(settings.labels[pair.i] - settings.labels[pair.j]) < settings.gap))
            expected.push_back(pair);
    syndr::DisjointSet sets(rows.rows());
    for (const syndr::Pair& pair : expected) sets.join(std::size_t(pair.i), std::size_t(pair.j));
    std::vector<std::uint32_t> places(rows.rows());
    std::iota(places.begin(), places.end(), 0u);
    const auto components = sets.labels(places);

    const auto norms = rows.norms();
    struct Trial {
        std::size_t directions;
        float step;
        bool random, whole_rows, blocks = false;
    };
    for (const Trial& trial : {Trial{0, 0, false, false}, {0, 0.02f, false, true}, {5, 0, false, true},
                               {15, 0, false, false, true}, {15, 0.2f, false, true, true}, {8, 0.001f, true, true}}) {
        const AnyFilter any(rows, trial.directions, trial.step, trial.random, settings.kernel);
        settings.filter = any.filter;
        settings.whole_rows = trial.whole_rows;
        syndr::Job job(threads);
        syndr::RangeJoin join(rows.view(), norms.data(), settings, job);
        CHECK(join.components(job) == components);
        std::size_t next = 0;
        const auto found = join.pairs(0, join.tasks(), job);
        CHECK(found.size() == expected.size());
        for (const syndr::Pair& pair : found) {
            CHECK(pair.i == expected[next].i && pair.j == expected[next].j);
            CHECK(pair.distance == expected[next].distance);
            ++next;
        }
        std::size_t together = 0;
        for (std::size_t task = 0; task < join.tasks(); ++task) together += join.pairs(task, task + 1, job).size();
        CHECK(together == expected.size());
        if (trial.blocks) compare_blocks(rows, expected, components, settings, job);
    }
}

// Two rows on a circle at almost the same distance as the radius, one step apart in the last bits of float32.
void rows_at_the_radius() {
    Matrix rows(400, 2);
    for (std::size_t r = 0; r < 400; ++r) {
        const double angle = r == 0 ? 0 : std::acos(0.9) + (double(r) - 200) * 1e-8;
        rows.at(r, 0) = float(std::cos(angle));
        rows.at(r, 1) = float(std::sin(angle));
    }
    const auto all = all_pairs(rows);
    for (const syndr::Kernel& kernel : syndr::available_kernels()) {
        compare(rows, all, {0.1, nullptr, 0, {}, {}, true, kernel}, 2);
        compare(rows, all, {all[all.size() / 2].distance, nullptr, 0, {}, {}, true, kernel}, 2);  // strict: the pair itself is out
    }
}

}  // namespace

int main() {
    rows_at_the_radius();
    unsigned runs = 0;
    for (const bool reversed : {false, true}) {
        auto rows = syndr::test::clustered(420, 40, 12, 1, reversed);  // two whole blocks and a part of one
        const auto labels = syndr::test::random_labels(420, 2);
        const auto all = all_pairs(rows);
        for (const syndr::Kernel& kernel : syndr::available_kernels())
            for (const double radius : {1e-9, 0.02, 0.1, 2.1})
                for (const bool labelled : {false, true}) {
                    if (reversed && radius != 0.1) continue;  // the layout matters to loading alone
                    const unsigned threads = 1 + runs++ % 8;
                    compare(rows, all, {radius, labelled ? labels.data() : nullptr, 1.0, {}, {}, true, kernel}, threads);
                }
    }
    for (const std::size_t count : {0u, 1u, 2u, 17u}) {
        auto rows = syndr::test::clustered(std::max<std::size_t>(count, 1), 3, 1, 5);
        auto view = rows.view();
        view.rows = count;
        const auto norms = rows.norms();
        syndr::Job job(3);
        const std::vector<float> centre(16);
        const syndr::Filter filter{nullptr, 0, centre.data(), 16, 0.01f};
        syndr::RangeJoin join(view, norms.data(), {2.1, nullptr, 0, {}, filter, true, syndr::choose_kernel("")}, job);
        CHECK(join.components(job) == std::vector<std::int64_t>(count, 0));
    }
    auto wide = syndr::test::clustered(90, 9000, 4, 9);
    compare(wide, all_pairs(wide), {0.05, nullptr, 0, {}, {}, true, syndr::choose_kernel("")}, 2);
}
