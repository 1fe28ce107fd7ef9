// The largest distance inside each cluster: what tells a chain of look-alikes from a tight group.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <vector>

#include "exact_distance.hpp"
#include "unit_rows.hpp"

namespace syndr {

// For each cluster 0..count-1, the float64 distance of the pair that is farthest apart by float32 products: at most
// 2 * product_error below the true maximum. Singletons give 0.
inline std::vector<double> diameters(const MatrixView& view, const double* norms, const std::int64_t* cluster_of,
                                     std::size_t count, const Kernel& kernel, Job& job) {
    std::vector<std::size_t> order(view.rows), first(count + 1, 0);
    for (std::size_t r = 0; r < view.rows; ++r) ++first[std::size_t(cluster_of[r]) + 1];
    for (std::size_t c = 0; c < count; ++c) first[c + 1] += first[c];
    std::vector<std::size_t> cursor(first.begin(), first.end() - 1);
    for (std::size_t r = 0; r < view.rows; ++r) order[cursor[std::size_t(cluster_of[r])]++] = r;

    const UnitRows unit(view, norms, order, kernel, job);
    const std::size_t tile = unit.tile_rows();
    struct Strip {
        std::size_t cluster, begin;
    };
    std::vector<Strip> strips;
    for (std::size_t c = 0; c < count; ++c)
        if (first[c + 1] - first[c] > 1)
            for (std::size_t r = first[c]; r < first[c + 1]; r += tile) strips.push_back({c, r});

    struct Farthest {
        float product = 2.0f;
        std::size_t i = 0, j = 0;
        bool operator<(const Farthest& other) const {
            return std::tie(product, i, j) < std::tie(other.product, other.i, other.j);
        }
    };
    std::vector<Farthest> farthest(count);
    std::mutex mutex;
    job.run(strips.size(), [&](std::size_t task, unsigned) {
        const Strip strip = strips[task];
        const std::size_t end = first[strip.cluster + 1], a1 = std::min(end, strip.begin + tile);
        std::vector<float> out(tile * tile);
        Farthest best;
        for (std::size_t b0 = strip.begin; b0 < end && !job.stopping(); b0 += tile) {
            const std::size_t b1 = std::min(end, b0 + tile);
            kernel.tile.products(unit.row(strip.begin), a1 - strip.begin, unit.row(b0), b1 - b0, unit.stride(),
                                 out.data(), tile);
            for (std::size_t r = strip.begin; r < a1; ++r)
                for (std::size_t s = std::max(b0, r + 1); s < b1; ++s)
                    best = std::min(best, Farthest{out[(r - strip.begin) * tile + (s - b0)], order[r], order[s]});
        }
        const std::scoped_lock lock(mutex);
        farthest[strip.cluster] = std::min(farthest[strip.cluster], best);
    });

    PairDistance decide(view, norms, view, norms, kernel);
    std::vector<double> result(count, 0.0);
    for (std::size_t c = 0; c < count; ++c)
        if (first[c + 1] - first[c] > 1) result[c] = decide(farthest[c].i, farthest[c].j);
    return result;
}

}  // namespace syndr
