// What the distortions do to rows of pixels and to blocks of random words, by the best instruction set this CPU has.
#pragma once

#include <cstddef>
#include <cstdint>

namespace syndr {

// A float image all of whose values lie this close to multiples of 1/255 is taken as an 8-bit one.
constexpr double kEightBitTolerance = 1e-6;

// The smallest and largest value of an image, whether all of its values are 8-bit ones, and whether one is NaN.
struct Extremes {
    double low, high;
    bool eight_bit, missing;
};

// One of the values that a sum takes: that many places after where the sum is made.
template <class T>
struct Term {
    T weight;
    std::size_t offset;
};

constexpr std::size_t kPixelLanes = 4;  // values of a pixel: red, green, blue, and one that makes a register's width

// A picture of pixels with a border around it, in which the samples around any place within the limits may be read.
template <class T>
struct PaddedPicture {
    const T* origin;      // of pixel (0, 0)
    std::size_t stride;   // values from row to row
    std::int32_t rows[2], columns[2];  // first and last place, border included

    const T* at(std::int32_t row, std::int32_t column) const {
        return origin + row * std::ptrdiff_t(stride) + column * std::ptrdiff_t(kPixelLanes);
    }
};

template <class T>
struct ImageKernels {
    Extremes (*measure)(const T* values, std::size_t count);
    Extremes (*measure_range)(const T* values, std::size_t count);  // does not look for 8-bit values

    // (value - low) / (high - low) in the precision of the result; of an 8-bit image the value is its level, as low and
    // high are.
    void (*spread_to_f32)(const T* values, std::size_t count, const Extremes& range, float* out);
    void (*spread_to_f64)(const T* values, std::size_t count, const Extremes& range, double* out);

    // The same in the precision of the values, then converted, or rounded to 8 bits; as it is where low equals high.
    void (*settle_to_u8)(const T* values, std::size_t count, const Extremes& range, std::uint8_t* out);
    void (*settle_to_f32)(const T* values, std::size_t count, const Extremes& range, float* out);
    void (*settle_to_f64)(const T* values, std::size_t count, const Extremes& range, double* out);

    // sRGB in [0, 1] to CIE Lab, and Lab to sRGB clamped to [0, 1]; three planes of `count` pixels each. The matrix is
    // (3, 3), from linear RGB to XYZ relative to white or back.
    void (*rgb_to_lab)(const T* const* rgb, T* const* lab, std::size_t count, const double* matrix);
    void (*lab_to_rgb)(const T* const* lab, T* const* rgb, std::size_t count, const double* matrix);

    // out[y * out_stride + x] = sum over k of taps[k] * rows[y + k][x] for y < height and x < width. The rows have room
    // for kBlurSlack more values; `taps` lies between kBlurRows - 1 zeros on either side.
    void (*blur_across)(const T* const* rows, const T* taps, std::size_t tap_count, T* out, std::size_t out_stride,
                        std::size_t height, std::size_t width);

    // out[x] = sum over terms of weight * row[x + offset] for x < width; kBlurSlack more may be read and written.
    void (*weighted_sum)(const T* row, const Term<T>* terms, std::size_t count, T* out, std::size_t width);

    // Row y of a picture whose pixels come from (y - sigma down[x], x - sigma right[x]), bicubic; NaN where that is
    // beyond the limits. `out` gets pixels.
    void (*warp_row)(const PaddedPicture<T>& picture, std::int32_t y, const T* down, const T* right, T sigma,
                     std::size_t width, T* out);
};

constexpr std::size_t kBlurSlack = 64;  // values: four registers of the widest kind hold this many floats
constexpr std::size_t kBlurRows = 8;    // rows that share what they load

// Who draws: the key is the sample's seed.
struct StreamId {
    std::uint64_t seed;
    std::uint32_t draw, type, level;
};

struct RandomKernels {
    // Elements 4 * first .. 4 * (first + blocks) - 1 of a sample's sequence: uniform in [0, 1), or standard normal.
    void (*uniform)(const StreamId& id, std::uint32_t first, std::size_t blocks, double* out);
    void (*normal)(const StreamId& id, std::uint32_t first, std::size_t blocks, float* out);
};

struct PixelKernels {
    ImageKernels<float> f32;
    ImageKernels<double> f64;
    RandomKernels random;

    template <class T>
    const ImageKernels<T>& of() const {
        if constexpr (sizeof(T) == sizeof(float))
            return f32;
        else
            return f64;
    }
};

}  // namespace syndr
