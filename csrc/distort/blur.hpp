// Separable correlation of image planes with replicated borders.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "distort/pixel_kernels.hpp"
#include "parallel.hpp"

namespace syndr {

// Rows y0 .. y1 - 1 of one plane: along the rows that they need, then across these. The taps are given as either step
// needs them.
template <class T>
void blur_band(const T* in, T* out, std::size_t height, std::size_t width, const std::vector<T>& padded_taps,
               const std::vector<Term<T>>& terms, std::size_t y0, std::size_t y1, const ImageKernels<T>& kernels) {
    const T* const taps = padded_taps.data() + kBlurRows - 1;
    const std::size_t tap_count = terms.size(), radius = tap_count / 2;
    const std::size_t top = y0 - std::min(radius, y0), bottom = std::min(y1 + radius, height);
    // An odd number of cache lines from row to row: rows of one column must not share the few places of one set.
    constexpr std::size_t kLine = 64 / sizeof(T);
    const std::size_t stride = ((width + kBlurSlack) / kLine | 1) * kLine + 2 * kLine;
    std::vector<T> blurred((bottom - top) * stride), padded(width + 2 * radius + kBlurSlack);
    for (std::size_t y = top; y < bottom; ++y) {
        const T* const row = in + y * width;
        std::fill_n(padded.begin(), radius, row[0]);
        std::copy_n(row, width, padded.begin() + std::ptrdiff_t(radius));
        std::fill_n(padded.begin() + std::ptrdiff_t(radius + width), radius, row[width - 1]);
        kernels.weighted_sum(padded.data(), terms.data(), tap_count, blurred.data() + (y - top) * stride, width);
    }
    std::vector<const T*> rows(y1 - y0 + 2 * radius);
    for (std::size_t k = 0; k < rows.size(); ++k) {
        const std::size_t y = std::min(std::max(y0 + k, radius) - radius, height - 1);
        rows[k] = blurred.data() + (y - top) * stride;
    }
    kernels.blur_across(rows.data(), taps, tap_count, out + y0 * width, width, y1 - y0, width);
}

// `in` and `out` hold `planes` planes of (height, width); `taps` is odd in number.
template <class T>
void blur_planes(const T* in, T* out, std::size_t planes, std::size_t height, std::size_t width,
                 const std::vector<double>& taps, const ImageKernels<T>& kernels, Job& job) {
    std::vector<T> padded_taps(taps.size() + 2 * (kBlurRows - 1));
    std::transform(taps.begin(), taps.end(), padded_taps.begin() + kBlurRows - 1, [](double tap) { return T(tap); });
    std::vector<Term<T>> terms;
    terms.reserve(taps.size());
    for (std::size_t k = 0; k < taps.size(); ++k) terms.push_back({T(taps[k]), k});
    // Bands overlap in what they read: a few to a thread, for balance, and one to a plane where there is one thread.
    const std::size_t wanted = job.threads() == 1 ? planes : 2 * job.threads();
    const std::size_t bands = std::min((wanted + planes - 1) / planes, height);
    job.run(planes * bands, [&](std::size_t task, unsigned) {
        const std::size_t plane = task / bands, band = task % bands;
        blur_band(in + plane * height * width, out + plane * height * width, height, width, padded_taps, terms,
                  height * band / bands, height * (band + 1) / bands, kernels);
    });
}

}  // namespace syndr
