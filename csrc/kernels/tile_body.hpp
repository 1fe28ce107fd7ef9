// The tile kernel, written once with compiler vectors; each instruction set's source file defines SYNDR_VECTOR_WIDTH
// (floats to a register) and includes it.
// Everything has internal linkage: the same code compiled for two machines must never be merged by the linker.
#include <cstddef>

#include "kernels/tile.hpp"

namespace syndr {
namespace {

constexpr int kWidth = SYNDR_VECTOR_WIDTH;
typedef float Vector __attribute__((vector_size(kWidth * sizeof(float))));

template <int kRowsA, int kRowsB>
struct Tile {
    static float sum(Vector v) {
        float halves[kWidth];
        for (int k = 0; k < kWidth; ++k) halves[k] = v[k];
        for (int width = kWidth / 2; width > 0; width /= 2)
            for (int k = 0; k < width; ++k) halves[k] += halves[k + width];
        return halves[0];
    }

    template <int kA, int kB>
    static void block(const float* a, const float* b, std::size_t stride, float* out, std::size_t ld) {
        Vector acc[kA][kB] = {};
        for (std::size_t k = 0; k < stride; k += kWidth) {
            Vector va[kA];
            for (int i = 0; i < kA; ++i) va[i] = *reinterpret_cast<const Vector*>(a + i * stride + k);
            for (int j = 0; j < kB; ++j) {
                const Vector vb = *reinterpret_cast<const Vector*>(b + j * stride + k);
                for (int i = 0; i < kA; ++i) acc[i][j] += va[i] * vb;
            }
        }
        for (int i = 0; i < kA; ++i)
            for (int j = 0; j < kB; ++j) out[i * ld + j] = sum(acc[i][j]);
    }

    template <int kA>
    static void strip(const float* a, const float* b, std::size_t rows_b, std::size_t stride, float* out,
                      std::size_t ld) {
        std::size_t j = 0;
        for (; j + kRowsB <= rows_b; j += kRowsB) block<kA, kRowsB>(a, b + j * stride, stride, out + j, ld);
        for (; j < rows_b; ++j) block<kA, 1>(a, b + j * stride, stride, out + j, ld);
    }

    static void products(const float* a, std::size_t rows_a, const float* b, std::size_t rows_b, std::size_t stride,
                         float* out, std::size_t ld) {
        std::size_t i = 0;
        for (; i + kRowsA <= rows_a; i += kRowsA)
            strip<kRowsA>(a + i * stride, b, rows_b, stride, out + i * ld, ld);
        for (; i < rows_a; ++i) strip<1>(a + i * stride, b, rows_b, stride, out + i * ld, ld);
    }
};

}  // namespace
}  // namespace syndr
