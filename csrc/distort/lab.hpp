// Colour conversion of whole images.
#pragma once

#include <algorithm>
#include <cstddef>

#include "distort/pixel_kernels.hpp"
#include "parallel.hpp"

namespace syndr {

// `in` and `out` hold images of three planes of `pixels` values; `convert` is a kernel, `matrix` its (3, 3) constants.
template <class T, class Convert>
void convert_colors(const T* in, T* out, std::size_t images, std::size_t pixels, const double* matrix, Convert convert,
                    Job& job) {
    constexpr std::size_t kChunk = 8192;
    const std::size_t chunks = (pixels + kChunk - 1) / kChunk;
    job.run(images * chunks, [&](std::size_t task, unsigned) {
        const std::size_t start = task % chunks * kChunk, count = std::min(kChunk, pixels - start);
        const T* const from = in + task / chunks * 3 * pixels + start;
        T* const to = out + task / chunks * 3 * pixels + start;
        const T* const sources[3] = {from, from + pixels, from + 2 * pixels};
        T* const targets[3] = {to, to + pixels, to + 2 * pixels};
        convert(sources, targets, count, matrix);
    });
}

}  // namespace syndr
