// One-dimensional correlation across rows. Every value sums its taps in their order, so that its bits depend neither on
// its place in a register nor on which rows are done together.
#pragma once

#include <algorithm>

#include "distort/pixel_kernels.hpp"
#include "distort/vectors.hpp"

namespace syndr {
namespace {

template <class T>
struct Blur {
    static constexpr std::size_t kWidth = SYNDR_VECTOR_BYTES / sizeof(T);
    static_assert(kWidth <= kBlurSlack);
    using Vector = typename Values<T, int(kWidth)>::Type;

    static Vector load(const T* from) { return *reinterpret_cast<const Vector*>(from); }

    // Rows y .. y + kRows - 1 read the rows y .. y + kRows + taps - 2, each of them once; taps beyond either end are 0.
    template <std::size_t kRows>
    static void strip(const T* const* rows, const T* taps, std::size_t tap_count, T* out, std::size_t stride,
                      std::size_t x, std::size_t width) {
        Vector sums[kRows] = {};
        for (std::size_t k = 0; k < tap_count + kRows - 1; ++k) {
            const Vector values = load(rows[k] + x);
            const T* tap = taps + k;
            for (std::size_t r = 0; r < kRows; ++r) sums[r] += *(tap - r) * values;
        }
        const std::size_t count = std::min(kWidth, width - x);
        for (std::size_t r = 0; r < kRows; ++r) {
            T* const to = out + r * stride + x;
            if (count == kWidth)
                *reinterpret_cast<Vector*>(to) = sums[r];
            else
                for (std::size_t lane = 0; lane < count; ++lane) to[lane] = sums[r][lane];
        }
    }

    static void across(const T* const* rows, const T* taps, std::size_t tap_count, T* out, std::size_t stride,
                       std::size_t height, std::size_t width) {
        std::size_t y = 0;
        for (; y + kBlurRows <= height; y += kBlurRows)
            for (std::size_t x = 0; x < width; x += kWidth)
                strip<kBlurRows>(rows + y, taps, tap_count, out + y * stride, stride, x, width);
        for (; y < height; ++y)
            for (std::size_t x = 0; x < width; x += kWidth)
                strip<1>(rows + y, taps, tap_count, out + y * stride, stride, x, width);
    }
};

}  // namespace
}  // namespace syndr
