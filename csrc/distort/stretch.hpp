// The input stretch of whole images; the arithmetic of syndr/distort/stretch.py.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
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

}  // namespace syndr
