// Bicubic fetching from displaced places: the arithmetic of syndr/distort/warp.py, four channels of a pixel at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "distort/pixel_kernels.hpp"
#include "distort/vectors.hpp"

namespace syndr {
namespace {

template <class T>
struct Warp {
    using Pixel = typename Values<T, int(kPixelLanes)>::Type;
    static constexpr std::size_t kChunk = 64;

    // Where the second of the four samples on one axis is, and the weights of all.
    struct Axis {
        std::int32_t second[kChunk];
        T weight[4][kChunk];

        void set(std::size_t i, std::int32_t place, T shift, std::int32_t low, std::int32_t high) {
            // Beyond every picture already, and within what converts to an integer; NaN too.
            constexpr T kFar = T(1 << 30);
            const T bounded = -shift > -kFar ? -shift : -kFar;
            const T back = bounded < kFar ? bounded : kFar;
            const std::int32_t cut = std::int32_t(back), floor = cut - (T(cut) > back);
            const T t = back - T(floor);
            const std::int32_t at = place + floor;
            const bool outside = (at < low) | (at > high) | ((at == high) & (t > 0));
            second[i] = outside ? 0 : at;
            weight[0][i] = outside ? std::numeric_limits<T>::quiet_NaN() : ((2 - t) * t - 1) * t / 2;
            weight[1][i] = ((3 * t - 5) * t * t + 2) / 2;
            weight[2][i] = ((4 - 3 * t) * t + 1) * t / 2;
            weight[3][i] = (t - 1) * t * t / 2;
        }
    };

    static void row(const PaddedPicture<T>& picture, std::int32_t y, const T* down, const T* right, T sigma,
                    std::size_t width, T* out) {
        Axis rows, columns;
        for (std::size_t start = 0; start < width; start += kChunk) {
            const std::size_t count = width - start < kChunk ? width - start : kChunk;
            for (std::size_t i = 0; i < count; ++i) {
                rows.set(i, y, down[start + i] * sigma, picture.rows[0], picture.rows[1]);
                columns.set(i, std::int32_t(start + i), right[start + i] * sigma, picture.columns[0], picture.columns[1]);
            }
            for (std::size_t i = 0; i < count; ++i) {
                const T* from = picture.at(rows.second[i] - 1, columns.second[i] - 1);
                Pixel sum{};
                for (std::size_t k = 0; k < 4; ++k, from += picture.stride) {
                    Pixel line{};
                    const Pixel* const pixels = reinterpret_cast<const Pixel*>(from);
                    for (std::size_t l = 0; l < 4; ++l) line += columns.weight[l][i] * pixels[l];
                    sum += rows.weight[k][i] * line;
                }
                *reinterpret_cast<Pixel*>(out + (start + i) * kPixelLanes) = sum;
            }
        }
    }
};

}  // namespace
}  // namespace syndr
