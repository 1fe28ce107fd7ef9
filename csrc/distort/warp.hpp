// KADID type 19: an image warped by random displacements, several times over (syndr/distort/warp.py).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "distort/pixel_kernels.hpp"
#include "parallel.hpp"

namespace syndr {

template <class T>
class Jitter {
public:
    Jitter(std::size_t height, std::size_t width, std::size_t passes, T sigma, const ImageKernels<T>& kernels, Job& job)
        : height_(height), width_(width), passes_(passes), sigma_(sigma), kernels_(kernels), job_(job), reach_(2 * passes) {}

    // `in` and `out` are three planes, `normal` is (passes, 2, height, width).
    void run(const T* in, const T* normal, T* out) {
        const std::size_t size = height_ * width_;
        job_.run(reach_.size(), [&](std::size_t field, unsigned) { reach_[field] = reach(normal + field * size); });
        // Beyond the replicated border one sample is extrapolated, and one more is read with weight 0.
        const std::int32_t margin = *std::max_element(reach_.begin(), reach_.end()) + 2;
        stride_ = (width_ + 2 * std::size_t(margin)) * kPixelLanes;
        const std::size_t first = std::size_t(margin) * (stride_ + kPixelLanes);
        std::vector<T> now((height_ + 2 * std::size_t(margin)) * stride_), next(now.size());
        interleave(in, now.data() + first);
        for (std::size_t pass = 0; pass < passes_; ++pass) {
            const T *const down = normal + 2 * pass * size, *const right = down + size;
            // The official code pads rows by the reach of the columns, and the other way round.
            const auto picture = pad(now.data() + first, reach_[2 * pass + 1], reach_[2 * pass]);
            T* const to = next.data() + first;
            in_bands([&](std::size_t y) {
                kernels_.warp_row(picture, std::int32_t(y), down + y * width_, right + y * width_, sigma_, width_,
                                  to + y * stride_);
            });
            now.swap(next);
        }
        separate(now.data() + first, out);
        fill_outside(out, out + 3 * size);
    }

private:
    template <class Work>
    void in_bands(Work work) {
        const std::size_t bands = std::min<std::size_t>(height_, 4 * job_.threads());
        job_.run(bands, [&](std::size_t band, unsigned) {
            for (std::size_t y = height_ * band / bands; y < height_ * (band + 1) / bands; ++y) work(y);
        });
    }

    std::int32_t reach(const T* field) const {
        T largest = 0;
        for (std::size_t i = 0; i < height_ * width_; ++i) largest = std::max(largest, std::abs(field[i] * sigma_));
        return std::int32_t(std::ceil(largest));
    }

    void interleave(const T* planes, T* pixels) {
        in_bands([&](std::size_t y) {
            for (std::size_t x = 0; x < width_; ++x)
                for (std::size_t c = 0; c < 3; ++c)
                    pixels[y * stride_ + x * kPixelLanes + c] = planes[(c * height_ + y) * width_ + x];
        });
    }

    void separate(const T* pixels, T* planes) {
        in_bands([&](std::size_t y) {
            for (std::size_t c = 0; c < 3; ++c)
                for (std::size_t x = 0; x < width_; ++x)
                    planes[(c * height_ + y) * width_ + x] = pixels[y * stride_ + x * kPixelLanes + c];
        });
    }

    // Replicates the border around the pixel at `origin`, and extrapolates beyond it.
    PaddedPicture<T> pad(T* origin, std::int32_t rows, std::int32_t columns) {
        const auto height = std::int32_t(height_), width = std::int32_t(width_);
        const std::ptrdiff_t lanes = kPixelLanes, stride = std::ptrdiff_t(stride_);
        for (std::int32_t y = 0; y < height; ++y) extend(origin + y * stride, width, columns, lanes, lanes);
        // A row of the padded picture is one long pixel of it: all its lanes at once.
        extend(origin - (columns + 1) * lanes, height, rows, stride, (width + 2 * columns + 3) * lanes);
        return {origin, stride_, {-rows, height - 1 + rows}, {-columns, width - 1 + columns}};
    }

    // Items 0 .. count - 1 lie `stride` apart and are `size` long; items before and after them are made.
    static void extend(T* item, std::int32_t count, std::int32_t reach, std::ptrdiff_t stride, std::ptrdiff_t size) {
        const auto inside = [&](std::int32_t at) { return item + std::clamp(at, 0, count - 1) * stride; };
        for (std::int32_t k = 1; k <= reach; ++k) {
            std::copy_n(item, size, item - k * stride);
            std::copy_n(inside(count - 1), size, item + (count - 1 + k) * stride);
        }
        const std::int32_t before = -reach - 1, after = count + reach;
        for (std::ptrdiff_t i = 0; i < size; ++i) {
            item[before * stride + i] = beyond(inside(before + 1)[i], inside(before + 2)[i], inside(before + 3)[i]);
            item[after * stride + i] = beyond(inside(after - 1)[i], inside(after - 2)[i], inside(after - 3)[i]);
        }
        std::copy_n(item + after * stride, size, item + (after + 1) * stride);
    }

    static T beyond(T v1, T v2, T v3) { return 3 * v1 - 3 * v2 + v3; }

    // NaN, from places outside the padded picture, becomes the darkest value there is.
    static void fill_outside(T* begin, T* end) {
        const auto is_nan = [](T value) { return std::isnan(value); };
        if (std::none_of(begin, end, is_nan)) return;
        T lowest = std::numeric_limits<T>::infinity();
        for (const T* value = begin; value != end; ++value) lowest = *value < lowest ? *value : lowest;
        std::replace_if(begin, end, is_nan, std::isfinite(lowest) ? lowest : T(0));
    }

    std::size_t height_, width_, passes_, stride_ = 0;
    T sigma_;
    const ImageKernels<T>& kernels_;
    Job& job_;
    std::vector<std::int32_t> reach_;
};

}  // namespace syndr
