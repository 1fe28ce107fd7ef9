// sRGB and CIE Lab (SPEC section 3), computed in double whatever the planes hold: chroma times 12 magnifies rounding.
#pragma once

#include <algorithm>

#include "distort/pixel_kernels.hpp"
#include "distort/vectors.hpp"

namespace syndr {
namespace {

// x^(-1/n) for x > 0; anything else gives some number. A guess within 4 % from the exponent bits, then Newton's
// y += y (1 - x y^n) / n, which turns a relative error e into (n + 1)/2 e^2.
template <int n, int kSteps>
inline Doubles inverse_root(Doubles x) {
    // The high word of a double is near 2^20 (log2(x) + 1023 - 0.04): dividing it divides the logarithm.
    constexpr double kOne = 1048576.0 * (1023 - 0.04);
    const Doubles high = to_doubles(reinterpret_cast<Longs>(x) >> 32 & 0x7fffffff);
    Doubles y = from_bits(bits((kOne * (1 + 1.0 / n) + kShift) - high * (1.0 / n)) << 32);
    for (int step = 0; step < kSteps; ++step) {
        const Doubles square = y * y;
        Doubles power;
        if constexpr (n == 3) {
            power = square * y;
        } else if constexpr (n == 5) {
            power = square * square * y;
        } else {
            static_assert(n == 12);
            const Doubles fourth = square * square;
            power = fourth * fourth * fourth;
        }
        y += y * ((1 - x * power) * (1.0 / n));
    }
    return y;
}

template <class T>
struct Lab {
    // Enough steps for the planes' precision; float planes leave 1e-8, which vanishes in their rounding.
    static constexpr int kSteps = sizeof(T) == sizeof(double) ? 4 : 3;

    static Doubles decode(Doubles v) {
        const Doubles t = (v + 0.055) * (1 / 1.055);
        const Doubles s = t * inverse_root<5, kSteps>(t);
        return v >= 0.04045 ? s * s * s : v * (1 / 12.92);  // t^2.4
    }

    static Doubles encode(Doubles linear) {
        const Doubles y = inverse_root<12, kSteps + 1>(linear);
        const Doubles square = y * y;
        const Doubles power = linear * (square * square) * (square * y);  // linear^(5/12)
        const Doubles encoded = linear > 0.0031308 ? 1.055 * power - 0.055 : 12.92 * linear;
        return linear < 0.0 ? Doubles{} : linear > 1.0 ? Doubles{} + 1.0 : encoded;
    }

    static Doubles curve(Doubles t) {
        const Doubles y = inverse_root<3, kSteps>(t);
        return t > kKnee * kKnee * kKnee ? t * y * y : t * kSlope + 4.0 / 29;
    }

    static Doubles inverse_curve(Doubles f) { return f > kKnee ? f * f * f : (f - 4.0 / 29) * (1 / kSlope); }

    static void from_rgb(const T* const* rgb, T* const* lab, std::size_t at, const double* m) {
        const Doubles r = decode(load(rgb[0] + at)), g = decode(load(rgb[1] + at)), b = decode(load(rgb[2] + at));
        Doubles f[3];
        for (int k = 0; k < 3; ++k) f[k] = curve(r * m[3 * k] + g * m[3 * k + 1] + b * m[3 * k + 2]);
        store(116 * f[1] - 16, lab[0] + at);
        store(500 * (f[0] - f[1]), lab[1] + at);
        store(200 * (f[1] - f[2]), lab[2] + at);
    }

    static void to_rgb(const T* const* lab, T* const* rgb, std::size_t at, const double* m) {
        const Doubles f = (load(lab[0] + at) + 16) * (1.0 / 116);
        const Doubles x = inverse_curve(f + load(lab[1] + at) * (1.0 / 500));
        const Doubles y = inverse_curve(f);
        const Doubles z = inverse_curve(f - load(lab[2] + at) * (1.0 / 200));
        for (int k = 0; k < 3; ++k)
            store(encode(x * m[3 * k] + y * m[3 * k + 1] + z * m[3 * k + 2]), rgb[k] + at);
    }

    // Every pixel goes through whole registers, so that its bits do not depend on where it stands.
    template <void (*kConvert)(const T* const*, T* const*, std::size_t, const double*)>
    static void planes(const T* const* in, T* const* out, std::size_t count, const double* matrix) {
        std::size_t at = 0;
        for (; at + kLanes <= count; at += kLanes) kConvert(in, out, at, matrix);
        if (at == count) return;
        T rest[3][kLanes] = {}, converted[3][kLanes];
        for (int k = 0; k < 3; ++k) std::copy(in[k] + at, in[k] + count, rest[k]);
        const T* const from[3] = {rest[0], rest[1], rest[2]};
        T* const to[3] = {converted[0], converted[1], converted[2]};
        kConvert(from, to, 0, matrix);
        for (int k = 0; k < 3; ++k) std::copy(converted[k], converted[k] + (count - at), out[k] + at);
    }

    static constexpr double kKnee = 6.0 / 29, kSlope = 841.0 / 108;
};

}  // namespace
}  // namespace syndr
