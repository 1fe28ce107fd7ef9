// The stretches (SPEC section 2): the measure of an image, and its values spread over [0, 1].
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

    // Without being asked whether the values are 8-bit ones, it takes them for others.
    template <bool kAsk8Bit>
    static Extremes measure(const T* values, std::size_t count) {
        Vector low, high;
        for (std::size_t k = 0; k < kWidth; ++k) low[k] = high[k] = values[0];
        auto far = low != low, missing = low != low;
        const auto look = [&](const Vector x) {
            low = x < low ? x : low;
            high = x > high ? x : high;
            missing |= x != x;
            if constexpr (kAsk8Bit) {
                const Vector off = level(x) / T(255) - x;
                far |= (off > kTolerance) | (off < -kTolerance);
            }
        };
        std::size_t at = 0;
        for (; at + kWidth <= count; at += kWidth) look(*reinterpret_cast<const Vector*>(values + at));
        Vector rest;
        for (std::size_t k = 0; k < kWidth; ++k) rest[k] = values[std::min(at + k, count - 1)];
        look(rest);
        Extremes found{double(low[0]), double(high[0]), kAsk8Bit, false};
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
        const U low = U(range.low), width = U(range.high) - low;
        each<U>(values, count, out, [&](const auto x) {
            return (__builtin_convertvector(range.eight_bit ? level(x) : x, Group<U, U>) - low) / width;
        });
    }

    // The stretch in the values' own precision, then converted; a constant image stays as it is.
    template <class U>
    static void settle(const T* values, std::size_t count, const Extremes& range, U* out) {
        const bool flat = range.low == range.high;
        const T low = flat ? T(0) : T(range.low), width = flat ? T(1) : T(range.high) - T(range.low);
        each<U>(values, count, out, [&](const auto x) {
            const Group<U, T> stretched = (x - low) / width;
            if constexpr (sizeof(U) == 1)
                return to_8bit(__builtin_convertvector(stretched, Group<U, double>));
            else
                return __builtin_convertvector(stretched, Group<U, U>);
        });
    }

private:
    // As many values of type V as are converted to U at a time.
    template <class U>
    static constexpr std::size_t kTogether = SYNDR_VECTOR_BYTES / std::max(sizeof(U) == 1 ? sizeof(double) : sizeof(U), sizeof(T));
    template <class U, class V>
    using Group = typename Values<V, int(kTogether<U>)>::Type;

    // floor(255 x + 0.5), saturated: the conversion cuts off, which is the floor as nothing negative is left.
    template <class V>
    static auto to_8bit(const V x) {
        const V level = x * 255 + 0.5, low = level < 0 ? V{} : level;
        const V cut = low > 255 ? V{} + 255 : low;
        return __builtin_convertvector(__builtin_convertvector(cut, Group<std::uint8_t, std::int32_t>),
                                       Group<std::uint8_t, std::uint8_t>);
    }

    template <class U, class Convert>
    static void each(const T* values, std::size_t count, U* out, Convert convert) {
        using In = Group<U, T>;
        using Out = Group<U, U>;
        std::size_t at = 0;
        for (; at + kTogether<U> <= count; at += kTogether<U>)
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
