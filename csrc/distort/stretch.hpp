// The stretches of whole images, before and after a distortion; the arithmetic of syndr/distort/stretch.py.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "distort/pixel_kernels.hpp"

namespace syndr {

template <class T>
Extremes measure(const T* values, std::size_t count, const PixelKernels& kernels) {
    if constexpr (std::is_same_v<T, std::uint8_t>) {
        std::uint8_t low = 255, high = 0;
        for (std::size_t k = 0; k < count; ++k) {
            low = std::min(low, values[k]);
            high = std::max(high, values[k]);
        }
        return {double(low), double(high), true, false};
    } else {
        return kernels.of<T>().measure(values, count);
    }
}

// `range` in the units of the values' levels where they are 8-bit, else in those of the values.
template <class T, class U>
void stretch(const T* values, std::size_t count, const Extremes& range, U* out, const PixelKernels& kernels) {
    if constexpr (std::is_same_v<T, std::uint8_t>) {
        U table[256];
        for (int level = 0; level < 256; ++level) table[level] = (U(level) - U(range.low)) / (U(range.high) - U(range.low));
        for (std::size_t k = 0; k < count; ++k) out[k] = table[values[k]];
    } else if constexpr (std::is_same_v<U, float>) {
        kernels.of<T>().spread_to_f32(values, count, range, out);
    } else {
        kernels.of<T>().spread_to_f64(values, count, range, out);
    }
}

// The second stretch, into the result.
template <class T, class U>
void settle(const T* values, std::size_t count, U* out, const PixelKernels& kernels) {
    const auto& own = kernels.of<T>();
    Extremes range = own.measure_range(values, count);
    if (range.missing) range.low = range.high = std::numeric_limits<double>::quiet_NaN();
    if constexpr (std::is_same_v<U, std::uint8_t>)
        own.settle_to_u8(values, count, range, out);
    else if constexpr (std::is_same_v<U, float>)
        own.settle_to_f32(values, count, range, out);
    else
        own.settle_to_f64(values, count, range, out);
}

}  // namespace syndr
