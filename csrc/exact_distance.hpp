// The deciding number: cosine distance in float64, summed in one fixed order.
//
// Every exact backend decides with these functions, so all of them give the same bytes. The translation unit is
// compiled without contraction to fused multiply-adds, which would round differently from machine to machine.
#pragma once

#include <cstddef>
#include <vector>

#include "matrix_view.hpp"

namespace syndr {

double dot64(const double* a, const double* b, std::size_t dims);

// 1 - dot / (sqrt(norm_a) * sqrt(norm_b)); norms are squared Euclidean norms by dot64(a, a).
double cosine_distance(double dot, double squared_norm_a, double squared_norm_b);

// How far cosine_distance may lie from the true one: the roundings of three sums of dims / 8 + 3 terms on any way, two
// square roots, a product, a quotient and a difference; twice that.
inline double decision_error(std::size_t dims) { return (double(dims) / 2 + 32) * 0x1p-53; }

// Squared norms outside this range lose digits to underflow or overflow: such rows have no usable direction.
constexpr double kSmallestSquaredNorm = 1e-280;
constexpr double kLargestSquaredNorm = 1e280;

// Decides single pairs between two matrices (or within one: pass it twice). Owns scratch: one per thread.
class PairDistance {
public:
    PairDistance(const MatrixView& a, const double* norms_a, const MatrixView& b, const double* norms_b)
        : a_(a), b_(b), norms_a_(norms_a), norms_b_(norms_b), row_a_(a.dims), row_b_(b.dims) {}

    double operator()(std::size_t i, std::size_t j) {
        if (i != loaded_) {  // scans ask for many j with one i
            a_.load(i, row_a_.data());
            loaded_ = i;
        }
        b_.load(j, row_b_.data());
        return cosine_distance(dot64(row_a_.data(), row_b_.data(), a_.dims), norms_a_[i], norms_b_[j]);
    }

private:
    MatrixView a_, b_;
    const double* norms_a_;
    const double* norms_b_;
    std::vector<double> row_a_, row_b_;
    std::size_t loaded_ = std::size_t(-1);
};

}  // namespace syndr
