// Correlation of image planes with a small two-dimensional kernel, borders replicated.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "distort/pixel_kernels.hpp"
#include "parallel.hpp"

namespace syndr {

struct SmallKernel {
    const double* weights;  // (rows, columns), both odd
    std::size_t rows, columns;
};

// `in` and `out` hold `planes` planes of (height, width).
template <class T>
void correlate_planes(const T* in, T* out, std::size_t planes, std::size_t height, std::size_t width,
                      const SmallKernel& kernel, const ImageKernels<T>& kernels, Job& job) {
    const std::size_t above = kernel.rows / 2, left = kernel.columns / 2;
    const std::size_t stride = width + 2 * left + kBlurSlack;
    std::vector<Term<T>> terms;
    for (std::size_t row = 0; row < kernel.rows; ++row)
        for (std::size_t column = 0; column < kernel.columns; ++column)
            if (const double weight = kernel.weights[row * kernel.columns + column]; weight != 0)
                terms.push_back({T(weight), row * stride + column});
    const std::size_t wanted = job.threads() == 1 ? planes : 2 * job.threads();
    const std::size_t bands = std::min((wanted + planes - 1) / planes, height);
    job.run(planes * bands, [&](std::size_t task, unsigned) {
        const std::size_t first = height * (task % bands) / bands, last = height * (task % bands + 1) / bands;
        const T* const plane = in + task / bands * height * width;
        std::vector<T> padded((last - first + 2 * above) * stride), sums(width + kBlurSlack);
        for (std::size_t y = 0; y < last - first + 2 * above; ++y) {
            const T* const from = plane + std::clamp(first + y, above, height - 1 + above) * width - above * width;
            T* const to = padded.data() + y * stride;
            std::fill_n(to, left, from[0]);
            std::copy_n(from, width, to + left);
            std::fill_n(to + left + width, left, from[width - 1]);
        }
        for (std::size_t y = first; y < last; ++y) {
            kernels.weighted_sum(padded.data() + (y - first) * stride, terms.data(), terms.size(), sums.data(), width);
            std::copy_n(sums.data(), width, out + (task / bands * height + y) * width);
        }
    });
}

}  // namespace syndr
