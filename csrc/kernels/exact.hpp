// The deciding sums: products in float64, added in one fixed order, so that every instruction set gives the same bits.
// Their source files are compiled without contraction to fused multiply-adds, which would round differently.
#pragma once

#include <cstddef>

#include "matrix_view.hpp"

namespace syndr {

// Part of the definition: summand k goes to lane k mod 8 in ascending order, and lanes are added as a balanced tree.
constexpr std::size_t kExactLanes = 8;

struct ExactKernels {
    struct Stored {
        // out = the values of a contiguous row, exactly.
        void (*widen)(const std::byte* row, std::size_t dims, double* out);
        // out[r] = <a, rows[r]> for r < count; rows are contiguous, at any address.
        void (*dots)(const double* a, const std::byte* const* rows, std::size_t count, std::size_t dims, double* out);
    };
    Stored of_scalar[4];  // in the order of Scalar

    const Stored& of(Scalar scalar) const { return of_scalar[int(scalar)]; }

    double dot(const double* a, const double* b, std::size_t dims) const {
        const std::byte* const row = reinterpret_cast<const std::byte*>(b);
        double sum;
        of(Scalar::f64).dots(a, &row, 1, dims, &sum);
        return sum;
    }
};

}  // namespace syndr
