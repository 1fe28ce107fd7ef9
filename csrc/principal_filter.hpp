// A selective filter from a sample of the rows: leading principal directions by one power step from sample rows.
//
// Nothing here needs to be accurate: filter_rows.hpp measures what it is given, and allows for it.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "filter_rows.hpp"
#include "unit_rows.hpp"

namespace syndr {

struct PrincipalFilter {
    std::vector<float> basis;   // (directions, dims), near orthonormal
    std::vector<float> centre;  // (directions + 1)
    float step = kSmallestStep;
};

namespace detail {

// out (rows_a, rows_b) of two matrices of padded rows, by strips of rows on all threads.
inline void multiply(const Kernel& kernel, const float* a, std::size_t rows_a, const float* b, std::size_t rows_b,
                     std::size_t stride, float* out, std::size_t ld, Job& job) {
    constexpr std::size_t kStrip = 32;
    job.prepare((rows_b + kStrip - 1) / kStrip, [&](std::size_t strip, unsigned) {
        const std::size_t first = strip * kStrip, count = std::min(kStrip, rows_b - first);
        kernel.tile.products(a, rows_a, b + first * stride, count, stride, out + first, ld);
    });
}

// Makes rows orthonormal through their Gram matrix (Cholesky), in place; those that depend on earlier ones go.
inline void orthonormalize(std::vector<std::vector<double>>& rows, const Kernel& kernel, Job& job) {
    const std::size_t count = rows.size(), dims = rows.empty() ? 0 : rows[0].size();
    std::vector<std::vector<double>> gram(count, std::vector<double>(count));
    job.prepare(count, [&](std::size_t i, unsigned) {
        for (std::size_t j = 0; j <= i; ++j) gram[i][j] = kernel.exact->dot(rows[i].data(), rows[j].data(), dims);
    });
    std::vector<std::vector<double>> lower;  // of the rows that stay, without the zeros
    std::vector<std::size_t> stay;
    for (std::size_t i = 0; i < count; ++i) {
        std::vector<double> line(stay.size() + 1);
        double rest = gram[i][i];
        for (std::size_t s = 0; s < stay.size(); ++s) {
            double value = gram[i][stay[s]];
            for (std::size_t t = 0; t < s; ++t) value -= line[t] * lower[s][t];
            line[s] = value / lower[s][s];
            rest -= line[s] * line[s];
        }
        if (!(rest > 1e-10 * gram[i][i])) continue;
        line[stay.size()] = std::sqrt(rest);
        lower.push_back(std::move(line));
        stay.push_back(i);
    }
    constexpr std::size_t kColumns = 256;
    job.prepare((dims + kColumns - 1) / kColumns, [&](std::size_t strip, unsigned) {
        const std::size_t first = strip * kColumns, last = std::min(dims, first + kColumns);
        for (std::size_t s = 0; s < stay.size(); ++s) {
            double* row = rows[stay[s]].data();
            for (std::size_t t = 0; t < s; ++t) {
                const double* earlier = rows[stay[t]].data();
                const double weight = lower[s][t];
                for (std::size_t k = first; k < last; ++k) row[k] -= weight * earlier[k];
            }
            for (std::size_t k = first; k < last; ++k) row[k] /= lower[s][s];
        }
    });
    for (std::size_t s = 0; s < stay.size(); ++s)
        if (s != stay[s]) rows[s] = std::move(rows[stay[s]]);
    rows.resize(stay.size());
}

}  // namespace detail

// At most `directions` of them, from `sampled` rows evenly spread; fewer where the sample spans fewer.
inline PrincipalFilter principal_filter(const MatrixView& view, const double* norms, std::size_t sampled,
                                        std::size_t directions, const Kernel& kernel, Job& job) {
    sampled = std::min(sampled, view.rows);
    directions = std::min({directions, sampled, view.dims});
    const std::size_t stride = padded(view.dims), across = padded(sampled);
    Aligned<float> rows(sampled * stride), columns(stride * across);
    constexpr std::size_t kChunk = 64;
    job.prepare((sampled + kChunk - 1) / kChunk, [&](std::size_t chunk, unsigned) {
        UnitRow unit(view, norms, kernel);
        const std::size_t first = chunk * kChunk, last = std::min(sampled, first + kChunk);
        for (std::size_t s = first; s < last; ++s) unit(s * view.rows / sampled, rows.data() + s * stride);
        for (std::size_t k = 0; k < stride; ++k)
            for (std::size_t s = first; s < last; ++s) columns.data()[k * across + s] = rows.data()[s * stride + k];
    });
    for (std::size_t k = 0; k < stride; ++k)
        std::fill(columns.data() + k * across + sampled, columns.data() + (k + 1) * across, 0.0f);

    // From evenly spread rows of the sample, one step of the power method: seeds * S^T * S.
    Aligned<float> seeds(directions * stride), weights(directions * across), basis(directions * stride);
    for (std::size_t d = 0; d < directions; ++d)
        std::copy_n(rows.data() + d * sampled / directions * stride, stride, seeds.data() + d * stride);
    std::fill(weights.data(), weights.data() + directions * across, 0.0f);
    detail::multiply(kernel, seeds.data(), directions, rows.data(), sampled, stride, weights.data(), across, job);
    detail::multiply(kernel, weights.data(), directions, columns.data(), stride, across, basis.data(), stride, job);
    std::vector<std::vector<double>> wide(directions);
    for (std::size_t d = 0; d < directions; ++d) wide[d].assign(basis.data() + d * stride, basis.data() + (d + 1) * stride);
    detail::orthonormalize(wide, kernel, job);
    detail::orthonormalize(wide, kernel, job);  // the first may leave rounding errors
    directions = wide.size();
    for (std::size_t d = 0; d < directions; ++d)
        std::transform(wide[d].begin(), wide[d].end(), basis.data() + d * stride, [](double x) { return float(x); });

    // Some short rows: their mean, and a step that all but one in ten thousand coordinates fit.
    PrincipalFilter filter;
    const std::size_t kept = directions + 1, shown = std::min<std::size_t>(sampled, 512);
    for (std::size_t s = 0; s < shown; ++s)  // from the front, evenly: each row is read before it is written over
        if (s != s * sampled / shown)
            std::copy_n(rows.data() + s * sampled / shown * stride, stride, rows.data() + s * stride);
    std::vector<float> shorts(shown * kept);
    detail::multiply(kernel, rows.data(), shown, basis.data(), directions, stride, shorts.data(), kept, job);
    std::vector<double> mean(kept);
    for (std::size_t s = 0; s < shown; ++s) {
        float* x = shorts.data() + s * kept;
        double squared = 0;
        for (std::size_t d = 0; d < directions; ++d) squared += double(x[d]) * x[d];
        x[directions] = float(std::sqrt(std::max(0.0, 1 - squared)));
        for (std::size_t d = 0; d < kept; ++d) mean[d] += x[d] / double(shown);
    }
    for (std::size_t s = 0; s < shown; ++s)
        for (std::size_t d = 0; d < kept; ++d)
            shorts[s * kept + d] = std::fabs(shorts[s * kept + d] - float(mean[d]));
    if (!shorts.empty()) {
        const auto most = shorts.end() - 1 - std::ptrdiff_t(shorts.size() / 10000);
        std::nth_element(shorts.begin(), most, shorts.end());
        filter.step = std::max(kSmallestStep, *most / 127);
    }
    filter.centre.assign(mean.begin(), mean.end());
    for (std::size_t d = 0; d < directions; ++d)
        filter.basis.insert(filter.basis.end(), basis.data() + d * stride, basis.data() + d * stride + view.dims);
    return filter;
}

}  // namespace syndr
