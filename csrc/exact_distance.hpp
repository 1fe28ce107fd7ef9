// The deciding number: cosine distance in float64, summed in one fixed order (kernels/exact.hpp).
//
// Every exact backend decides with these functions, so all of them give the same bytes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/kernel.hpp"
#include "matrix_view.hpp"

namespace syndr {

// 1 - dot / (sqrt(norm_a) * sqrt(norm_b)); norms are squared Euclidean norms, summed as dot is.
inline double cosine_distance(double dot, double squared_norm_a, double squared_norm_b) {
    return 1.0 - dot / (std::sqrt(squared_norm_a) * std::sqrt(squared_norm_b));
}

// How far cosine_distance may lie from the true one: the roundings of three sums of dims / 8 + 3 terms on any way, two
// square roots, a product, a quotient and a difference; twice that.
inline double decision_error(std::size_t dims) { return (double(dims) / 2 + 32) * 0x1p-53; }

// Squared norms outside this range lose digits to underflow or overflow: such rows have no usable direction.
constexpr double kSmallestSquaredNorm = 1e-280;
constexpr double kLargestSquaredNorm = 1e280;

// Rows of a view as float64, exactly.
class WideRow {
public:
    WideRow(const MatrixView& view, const Kernel& kernel) : view_(view), stored_(kernel.exact->of(view.scalar)) {}

    void operator()(std::size_t row, double* out) const {
        if (view_.contiguous())
            stored_.widen(view_.row(row), view_.dims, out);
        else
            view_.load(row, out);
    }

private:
    MatrixView view_;
    ExactKernels::Stored stored_;
};

// Decides pairs between two matrices (or within one: pass it twice). Owns scratch: one per thread.
class PairDistance {
public:
    PairDistance(const MatrixView& a, const double* norms_a, const MatrixView& b, const double* norms_b,
                 const Kernel& kernel)
        : b_(b), norms_a_(norms_a), norms_b_(norms_b), wide_a_(a, kernel),
          stored_(kernel.exact->of(b.contiguous() ? b.scalar : Scalar::f64)), row_a_(a.dims),
          rows_b_(b.contiguous() ? 0 : kTogether * b.dims) {}

    double operator()(std::size_t i, std::size_t j) {
        double distance;
        (*this)(i, &j, 1, &distance);
        return distance;
    }

    // The distances of row i to rows j[0], ..., j[count - 1]: cheaper together.
    void operator()(std::size_t i, const std::size_t* j, std::size_t count, double* out) {
        if (i != loaded_) {  // scans ask for many j with one i
            wide_a_(i, row_a_.data());
            loaded_ = i;
        }
        for (std::size_t first = 0; first < count; first += kTogether) {
            const std::size_t some = std::min(kTogether, count - first);
            const std::byte* rows[kTogether];
            for (std::size_t r = 0; r < some; ++r) rows[r] = row_b(j[first + r], r);
            stored_.dots(row_a_.data(), rows, some, b_.dims, out + first);
            for (std::size_t r = 0; r < some; ++r)
                out[first + r] = cosine_distance(out[first + r], norms_a_[i], norms_b_[j[first + r]]);
        }
    }

private:
    static constexpr std::size_t kTogether = 4;

    const std::byte* row_b(std::size_t row, std::size_t slot) {
        if (rows_b_.empty()) return b_.row(row);
        double* const wide = rows_b_.data() + slot * b_.dims;
        b_.load(row, wide);
        return reinterpret_cast<const std::byte*>(wide);
    }

    MatrixView b_;
    const double* norms_a_;
    const double* norms_b_;
    WideRow wide_a_;
    ExactKernels::Stored stored_;
    std::vector<double> row_a_, rows_b_;
    std::size_t loaded_ = std::size_t(-1);
};

}  // namespace syndr
