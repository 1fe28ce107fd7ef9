// The tiled join against two nested loops: pairs, order, components; every kernel, thread count and layout.
#include "range_join.hpp"

#include "check.hpp"
#include "matrices.hpp"

namespace {

using syndr::test::Matrix;

std::vector<syndr::Pair> all_pairs(Matrix& rows) {
    const auto norms = rows.norms();
    syndr::PairDistance decide(rows.view(), norms.data(), rows.view(), norms.data());
    std::vector<syndr::Pair> all;
    for (std::size_t i = 0; i < rows.rows(); ++i)
        for (std::size_t j = i + 1; j < rows.rows(); ++j)
            all.push_back({std::int64_t(i), std::int64_t(j), decide(i, j)});
    std::stable_sort(all.begin(), all.end(),
                     [](const syndr::Pair& a, const syndr::Pair& b) { return a.distance < b.distance; });
    return all;
}

void compare(Matrix& rows, const std::vector<syndr::Pair>& all, const syndr::JoinSettings& settings, unsigned threads) {
    std::vector<syndr::Pair> expected;
    for (const syndr::Pair& pair : all)
        if (pair.distance < settings.radius &&
            (!settings.labels || std::fabs(settings.labels[pair.i] - settings.labels[pair.j]) < settings.gap))
            expected.push_back(pair);
    const auto norms = rows.norms();
    syndr::Job job(threads);
    const auto found = syndr::pairs(rows.view(), norms.data(), settings, job);
    CHECK(found.size() == expected.size());
    syndr::DisjointSet sets(rows.rows());
    for (std::size_t p = 0; p < found.size(); ++p) {
        CHECK(found[p].i == expected[p].i && found[p].j == expected[p].j);
        CHECK(found[p].distance == expected[p].distance);
        sets.join(std::size_t(found[p].i), std::size_t(found[p].j));
    }
    CHECK(syndr::components(rows.view(), norms.data(), settings, job) == sets.labels());
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
        compare(rows, all, {0.1, nullptr, 0, kernel}, 2);
        compare(rows, all, {all[all.size() / 2].distance, nullptr, 0, kernel}, 2);  // strict: the pair itself is out
    }
}

}  // namespace

int main() {
    rows_at_the_radius();
    for (const bool reversed : {false, true}) {
        auto rows = syndr::test::clustered(700, 40, 12, 1, reversed);
        const auto labels = syndr::test::random_labels(700, 2);
        const auto all = all_pairs(rows);
        for (const syndr::Kernel& kernel : syndr::available_kernels())
            for (unsigned threads = 1; threads <= 4; ++threads)
                for (const double radius : {1e-9, 0.02, 0.1, 2.1}) {
                    if (radius > 2 && threads != 2) continue;  // all pairs, once
                    compare(rows, all, {radius, nullptr, 0, kernel}, threads);
                    compare(rows, all, {radius, labels.data(), 1.0, kernel}, threads);
                }
    }
    for (const std::size_t count : {0u, 1u, 2u, 17u}) {
        auto rows = syndr::test::clustered(std::max<std::size_t>(count, 1), 3, 1, 5);
        auto view = rows.view();
        view.rows = count;
        const auto norms = rows.norms();
        syndr::Job job(3);
        CHECK(syndr::components(view, norms.data(), {2.1, nullptr, 0, syndr::choose_kernel("")}, job) ==
              std::vector<std::int64_t>(count, 0));
    }
    // Wide rows make small tiles: many tile borders.
    auto wide = syndr::test::clustered(90, 9000, 4, 9);
    compare(wide, all_pairs(wide), {0.05, nullptr, 0, syndr::choose_kernel("")}, 2);
}
