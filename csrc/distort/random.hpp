// Random numbers for a batch of samples.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "distort/pixel_kernels.hpp"
#include "parallel.hpp"

namespace syndr {

// out holds `count` numbers for each of `samples` seeds; `fill` is a kernel.
template <class T, class Fill>
void draw_numbers(const std::int64_t* seeds, std::size_t samples, StreamId id, std::size_t count, T* out, Fill fill,
                  Job& job) {
    constexpr std::size_t kChunk = 32768;  // numbers, a multiple of a block's four
    const std::size_t chunks = (count + kChunk - 1) / kChunk;
    job.run(samples * chunks, [&](std::size_t task, unsigned) {
        StreamId own = id;
        own.seed = std::uint64_t(seeds[task / chunks]);
        const std::size_t start = task % chunks * kChunk, numbers = std::min(kChunk, count - start), whole = numbers / 4;
        T* const to = out + task / chunks * count + start;
        fill(own, std::uint32_t(start / 4), whole, to);
        if (numbers == 4 * whole) return;
        T last[4];
        fill(own, std::uint32_t(start / 4 + whole), 1, last);
        std::copy(last, last + (numbers - 4 * whole), to + 4 * whole);
    });
}

}  // namespace syndr
