// Inner products of float32 row tiles, with the error they may have.
#pragma once

#include <cstddef>

namespace syndr {

// Rows are padded with zeros to a multiple of this many floats and start on 64-byte boundaries.
constexpr std::size_t kRowPadding = 16;

inline std::size_t padded(std::size_t dims, std::size_t padding = kRowPadding) {
    return (dims + padding - 1) / padding * padding;
}

struct TileKernel {
    // out[i * ld + j] = <a_i, b_j> for i < rows_a, j < rows_b; `stride` floats from row to row, a multiple of
    // kRowPadding.
    void (*products)(const float* a, std::size_t rows_a, const float* b, std::size_t rows_b, std::size_t stride,
                     float* out, std::size_t ld);
    std::size_t lanes;  // partial sums that a product is made of

    // How far a product of two vectors of length 1 (a trifle more does not matter) may lie from the true one: at most
    // stride / lanes + 16 roundings on the way of any summand (Higham 2002, section 3.1; by Cauchy-Schwarz the
    // summands' magnitudes add up to at most 1).
    double rounding(std::size_t stride) const {
        constexpr double u = 0x1p-24;
        const double m = double(stride) / double(lanes) + 16;
        return 1.01 * m * u / (1 - m * u);
    }
};

// How far a float32-rounded unit row may lie from the true one.
constexpr double kUnitRowError = 1.01 * 0x1p-24;

// How far a tile product of two float32-rounded unit rows may lie from the true cosine.
inline double product_error(const TileKernel& tile, std::size_t stride) {
    return tile.rounding(stride) + 2.01 * kUnitRowError;
}

}  // namespace syndr
