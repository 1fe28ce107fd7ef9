// Inner products of float32 row tiles, and the choice of the best instruction set this CPU has.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "distort/pixel_kernels.hpp"

namespace syndr {

// Rows are padded with zeros to a multiple of this many floats and start on 64-byte boundaries.
constexpr std::size_t kRowPadding = 16;

// out[i * ld + j] = <a_i, b_j> for i < rows_a, j < rows_b; `stride` floats from row to row, a multiple of kRowPadding.
using TileProducts = void (*)(const float* a, std::size_t rows_a, const float* b, std::size_t rows_b,
                              std::size_t stride, float* out, std::size_t ld);

struct Kernel {
    const char* name;
    TileProducts products;
    const PixelKernels* pixels;
};

// Every kernel this CPU can run, best first; the last is "portable".
std::vector<Kernel> available_kernels();

// The kernel of that name, or the best one when `name` is empty. Throws std::invalid_argument.
Kernel choose_kernel(const std::string& name);

// How far a tile product of two float32-rounded unit rows may lie from the true cosine: rounding of both rows
// (2 u), then at most stride / 4 + 16 roundings on the way of any summand (Higham 2002, section 3.1; by
// Cauchy-Schwarz the summands' magnitudes add up to at most 1). Holds for every kernel: the narrowest sums 4 lanes.
inline double product_error(std::size_t stride) {
    constexpr double u = 0x1p-24;
    const double m = double(stride) / 4 + 16;
    return 1.01 * (m + 2) * u / (1 - (m + 2) * u);
}

}  // namespace syndr
