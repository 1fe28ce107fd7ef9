// Exact tiled self-join: every pair with cosine distance < radius and |label gap| < gap.
//
// Float32 tile products reject or accept outside a proven margin; inside it the pair is decided in float64.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <tuple>
#include <vector>

#include "disjoint_set.hpp"
#include "exact_distance.hpp"
#include "unit_rows.hpp"

namespace syndr {

struct JoinSettings {
    double radius = 0;
    const double* labels = nullptr;  // null: no label condition
    double gap = 0;
    Kernel kernel{};
};

struct Pair {
    std::int64_t i, j;  // i < j
    double distance;
};

namespace detail {

inline std::vector<std::size_t> order_by_label(const JoinSettings& settings, std::size_t rows) {
    std::vector<std::size_t> order;
    if (!settings.labels) return order;
    order.resize(rows);
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return settings.labels[a] < settings.labels[b]; });
    return order;
}

// Calls visit(worker, i, j, certain) with i < j for every pair that may be an edge; `certain` ones are.
template <class Visit>
void scan(const MatrixView& view, const double* norms, const JoinSettings& settings, Job& job, Visit visit) {
    const std::vector<std::size_t> order = order_by_label(settings, view.rows);
    const UnitRows unit(view, norms, order, job);
    const auto source = [&](std::size_t r) { return order.empty() ? r : order[r]; };
    const auto label = [&](std::size_t r) { return settings.labels[source(r)]; };
    const double margin = product_error(unit.stride());
    const double reject_below = 1 - settings.radius - margin, accept_above = 1 - settings.radius + margin;
    const std::size_t tile = unit.tile_rows(), tiles = (unit.rows() + tile - 1) / tile;
    std::vector<std::vector<float>> products(job.threads(), std::vector<float>(tile * tile));

    job.run(tiles, [&](std::size_t a, unsigned worker) {
        const std::size_t a0 = a * tile, a1 = std::min(unit.rows(), a0 + tile);
        float* out = products[worker].data();
        for (std::size_t b0 = a0; b0 < unit.rows() && !job.stopping(); b0 += tile) {
            // Rows are in label order: once the nearest labels are too far apart, so are all that follow.
            if (settings.labels && label(b0) - label(a1 - 1) >= settings.gap) break;
            const std::size_t b1 = std::min(unit.rows(), b0 + tile);
            settings.kernel.products(unit.row(a0), a1 - a0, unit.row(b0), b1 - b0, unit.stride(), out, tile);
            for (std::size_t r = a0; r < a1; ++r) {
                for (std::size_t s = std::max(b0, r + 1); s < b1; ++s) {
                    const double product = out[(r - a0) * tile + (s - b0)];
                    if (product < reject_below) continue;
                    if (settings.labels && !(std::fabs(label(r) - label(s)) < settings.gap)) continue;
                    const std::size_t i = source(r), j = source(s);
                    visit(worker, std::min(i, j), std::max(i, j), product > accept_above);
                }
            }
        }
    });
}

inline std::vector<PairDistance> deciders(const MatrixView& view, const double* norms, unsigned threads) {
    return std::vector<PairDistance>(threads, PairDistance(view, norms, view, norms));
}

}  // namespace detail

// Connected components, numbered by first member.
inline std::vector<std::int64_t> components(const MatrixView& view, const double* norms, const JoinSettings& settings,
                                            Job& job) {
    DisjointSet sets(view.rows);
    auto decide = detail::deciders(view, norms, job.threads());
    detail::scan(view, norms, settings, job, [&](unsigned worker, std::size_t i, std::size_t j, bool certain) {
        if (sets.joined(i, j)) return;
        if (certain || decide[worker](i, j) < settings.radius) sets.join(i, j);
    });
    return sets.labels();
}

// All pairs with their float64 distances, sorted by (distance, i, j).
inline std::vector<Pair> pairs(const MatrixView& view, const double* norms, const JoinSettings& settings, Job& job) {
    std::vector<std::vector<Pair>> found(job.threads());
    auto decide = detail::deciders(view, norms, job.threads());
    detail::scan(view, norms, settings, job, [&](unsigned worker, std::size_t i, std::size_t j, bool) {
        const double distance = decide[worker](i, j);
        if (distance < settings.radius) found[worker].push_back({std::int64_t(i), std::int64_t(j), distance});
    });
    std::vector<Pair> all;
    for (const auto& part : found) all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end(), [](const Pair& a, const Pair& b) {
        return std::tie(a.distance, a.i, a.j) < std::tie(b.distance, b.i, b.j);
    });
    return all;
}

}  // namespace syndr
