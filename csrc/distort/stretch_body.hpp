// The input stretch (SPEC section 2): the measure of an image, and its values spread over [0, 1].
#pragma once

#include <algorithm>

#include "distort/pixel_kernels.hpp"
#include "distort/vectors.hpp"

namespace syndr {
namespace {

template <class T>
struct Stretch {
    static constexpr std::size_t kWidth = SYNDR_VECTOR_BYTES / sizeof(T);
    using Vector = typename Values<T, int(kWidth)>::Type;

    // Nearest integer, halves to even, of what is much smaller than 2^22: the last bits of 1.5 * 2^23 (or 2^52).
    static constexpr T kMagic = sizeof(T) == sizeof(float) ? T(12582912.0) : T(6755399441055744.0);
    template <class V>
    static V level(V x) {
        return (x * T(255) + kMagic) - kMagic;
    }

    static Extremes measure(const T* values, std::size_t count) {
        Vector low, high;
        for (std::size_t k = 0; k < kWidth; ++k) low[k] = high[k] = values[0];
        auto far = low != low, missing = low != low;
        const auto look = [&](const Vector x) {
            low = x < low ? x : low;
            high = x > high ? x : high;
            const Vector off = level(x) / T(255) - x;
            far |= (off > kTolerance) | (off < -kTolerance);
            missing |= x != x;
        };
        std::size_t at = 0;
        for (; at + kWidth <= count; at += kWidth) look(*reinterpret_cast<const Vector*>(values + at));
        Vector rest;
        for (std::size_t k = 0; k < kWidth; ++k) rest[k] = values[std::min(at + k, count - 1)];
        look(rest);
        Extremes found{double(low[0]), double(high[0]), true, false};
        for (std::size_t k = 0; k < kWidth; ++k) {
            found.low = std::min(found.low, double(low[k]));
            found.high = std::max(found.high, double(high[k]));
            found.eight_bit &= !far[k];
            found.missing |= missing[k] != 0;
        }
        return found;
    }

    template <class U>
    static void spread(const T* values, std::size_t count, const Extremes& range, U* out) {
        constexpr std::size_t kTogether = SYNDR_VECTOR_BYTES / std::max(sizeof(T), sizeof(U));
        using In = typename Values<T, int(kTogether)>::Type;
        using Out = typename Values<U, int(kTogether)>::Type;
        const U low = U(range.low), width = U(range.high) - low;
        const auto convert = [&](const In x) {
            return (__builtin_convertvector(range.eight_bit ? level(x) : x, Out) - low) / width;
        };
        std::size_t at = 0;
        for (; at + kTogether <= count; at += kTogether)
            *reinterpret_cast<Out*>(out + at) = convert(*reinterpret_cast<const In*>(values + at));
        In rest = {};
        for (std::size_t k = at; k < count; ++k) rest[k - at] = values[k];
        const Out last = convert(rest);
        for (std::size_t k = at; k < count; ++k) out[k] = last[k - at];
    }

    static constexpr T kTolerance = T(kEightBitTolerance);
};

}  // namespace
}  // namespace syndr
