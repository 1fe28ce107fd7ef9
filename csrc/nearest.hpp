// Exact k nearest (or farthest) base rows of each query, by the float64 distance, ties to the lower row number.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "exact_distance.hpp"
#include "unit_rows.hpp"

namespace syndr {

struct NearestSettings {
    std::size_t k = 1;
    bool farthest = false;
    // A base row whose group equals the query's is passed over (a row itself, crops of one photograph). May be null.
    const std::int64_t* query_groups = nullptr;
    const std::int64_t* base_groups = nullptr;
    Kernel kernel{};
};

struct Neighbours {
    std::vector<double> distances;   // queries x k; NaN where a query has fewer than k neighbours
    std::vector<std::int64_t> rows;  // queries x k; -1 there
};

inline Neighbours nearest(const MatrixView& queries, const double* query_norms, const MatrixView& base,
                          const double* base_norms, const NearestSettings& settings, Job& job) {
    const UnitRows unit_base(base, base_norms, {}, settings.kernel, job);
    // Two products may each be off by the error, so a row this close to the k-th best may still beat it.
    const float slack = float(2.02 * product_error(settings.kernel.tile, unit_base.stride()));
    const float sign = settings.farthest ? -1.0f : 1.0f;
    const std::size_t k = settings.k, strip = 8, tile = unit_base.tile_rows();
    Neighbours result{std::vector<double>(queries.rows * k, std::numeric_limits<double>::quiet_NaN()),
                      std::vector<std::int64_t>(queries.rows * k, -1)};

    job.run((queries.rows + strip - 1) / strip, [&](std::size_t task, unsigned) {
        const std::size_t q0 = task * strip, q1 = std::min(queries.rows, q0 + strip);
        std::vector<float> products((q1 - q0) * base.rows);
        UnitRow unit(queries, query_norms, settings.kernel);
        Aligned<float> unit_queries(strip * unit.stride());
        for (std::size_t q = q0; q < q1; ++q) unit(q, unit_queries.data() + (q - q0) * unit.stride());
        for (std::size_t b0 = 0; b0 < base.rows; b0 += tile) {
            if (job.stopping()) return;
            settings.kernel.tile.products(unit_queries.data(), q1 - q0, unit_base.row(b0),
                                          std::min(tile, base.rows - b0), unit_base.stride(), products.data() + b0,
                                          base.rows);
        }
        PairDistance decide(queries, query_norms, base, base_norms, settings.kernel);
        std::vector<std::size_t> rows;
        std::vector<float> scores;
        std::vector<std::pair<double, std::int64_t>> decided;
        for (std::size_t q = q0; q < q1 && !job.stopping(); ++q) {
            const float* product = products.data() + (q - q0) * base.rows;
            rows.clear();
            scores.clear();
            for (std::size_t b = 0; b < base.rows; ++b) {
                if (settings.query_groups && settings.query_groups[q] == settings.base_groups[b]) continue;
                const float score = sign * product[b];
                if (std::isnan(score)) continue;  // of a row without a direction, which cannot be ranked
                rows.push_back(b);
                scores.push_back(score);
            }
            const std::size_t count = std::min(k, rows.size());
            if (count == 0) continue;
            std::vector<float> ranked = scores;
            std::nth_element(ranked.begin(), ranked.begin() + std::ptrdiff_t(count - 1), ranked.end(), std::greater<>());
            const float bar = ranked[count - 1] - slack;
            decided.clear();
            for (std::size_t c = 0; c < rows.size(); ++c)
                if (scores[c] >= bar) decided.emplace_back(sign * decide(q, rows[c]), std::int64_t(rows[c]));
            std::partial_sort(decided.begin(), decided.begin() + std::ptrdiff_t(count), decided.end());
            for (std::size_t n = 0; n < count; ++n) {
                result.distances[q * k + n] = sign * decided[n].first;
                result.rows[q * k + n] = decided[n].second;
            }
        }
    });
    return result;
}

}  // namespace syndr
