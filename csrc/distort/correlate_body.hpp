// Weighted sums of shifted rows. Every value sums its terms in their order, so that its bits do not depend on its place.
#pragma once

#include "distort/pixel_kernels.hpp"
#include "distort/vectors.hpp"

namespace syndr {
namespace {

template <class T>
struct WeightedSum {
    static constexpr std::size_t kWidth = SYNDR_VECTOR_BYTES / sizeof(T);
    static constexpr std::size_t kBlocks = 4;
    static_assert(kBlocks * kWidth <= kBlurSlack);
    using Vector = typename Values<T, int(kWidth)>::Type;

    static void row(const T* row, const Term<T>* terms, std::size_t count, T* out, std::size_t width) {
        for (std::size_t x = 0; x < width; x += kBlocks * kWidth) {
            Vector sums[kBlocks] = {};
            for (const Term<T>* term = terms; term != terms + count; ++term) {
                const T* const values = row + term->offset + x;
                for (std::size_t b = 0; b < kBlocks; ++b)
                    sums[b] += term->weight * *reinterpret_cast<const Vector*>(values + b * kWidth);
            }
            for (std::size_t b = 0; b < kBlocks; ++b) *reinterpret_cast<Vector*>(out + x + b * kWidth) = sums[b];
        }
    }
};

}  // namespace
}  // namespace syndr
