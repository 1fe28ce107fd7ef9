// The last word on pairs that the filters leave open: float64, or a float32 product where that lies outside its margin.
#pragma once

#include <vector>

#include "byte_rows.hpp"
#include "exact_distance.hpp"
#include "unit_rows.hpp"

namespace syndr {

// Owns scratch: one per thread.
class PairDecider {
public:
    PairDecider(const MatrixView& view, const double* norms, double radius, const Kernel& kernel)
        : radius_(radius), unit_(view, norms, kernel), exact_(view, norms, view, norms, kernel) {
        const double margin = product_error(kernel.tile, unit_.stride()) + decision_error(view.dims);
        outside_ = 1 - radius - margin;
        inside_ = 1 - radius + margin;
    }

    // By the float32 product of the two unit rows.
    Verdict by_product(double product) const {
        if (product < outside_) return Verdict::outside;
        return product > inside_ ? Verdict::inside : Verdict::open;
    }

    // Of row i to rows j[0], ..., j[count - 1].
    void distances(std::size_t i, const std::size_t* j, std::size_t count, double* out) { exact_(i, j, count, out); }

    bool is_edge(std::size_t i, std::size_t j) { return exact_(i, j) < radius_; }

    void load(std::size_t row, float* out) { unit_(row, out); }

    std::size_t stride() const { return unit_.stride(); }

private:
    double radius_, outside_, inside_;
    UnitRow unit_;
    PairDistance exact_;
};

}  // namespace syndr
