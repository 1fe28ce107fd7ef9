// The last word on pairs that the filters leave open: float32 products outside a proven margin, float64 inside it.
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
        : radius_(radius), kernel_(kernel), unit_(view, norms, kernel), exact_(view, norms, view, norms),
          a_(unit_.stride()), b_(unit_.stride()) {
        const double margin = product_error(kernel.tile, unit_.stride()) + decision_error(view.dims);
        outside_ = 1 - radius - margin;
        inside_ = 1 - radius + margin;
    }

    // By the float32 product of the two unit rows.
    Verdict by_product(double product) const {
        if (product < outside_) return Verdict::outside;
        return product > inside_ ? Verdict::inside : Verdict::open;
    }

    Verdict by_product(std::size_t i, std::size_t j) {
        if (i != loaded_) {  // scans ask for many j with one i
            unit_(i, a_.data());
            loaded_ = i;
        }
        unit_(j, b_.data());
        float product;
        kernel_.tile.products(a_.data(), 1, b_.data(), 1, unit_.stride(), &product, 1);
        return by_product(product);
    }

    double distance(std::size_t i, std::size_t j) { return exact_(i, j); }

    bool is_edge(std::size_t i, std::size_t j) { return distance(i, j) < radius_; }

    void load(std::size_t row, float* out) { unit_(row, out); }

    std::size_t stride() const { return unit_.stride(); }

private:
    double radius_, outside_, inside_;
    Kernel kernel_;
    UnitRow unit_;
    PairDistance exact_;
    Aligned<float> a_, b_;
    std::size_t loaded_ = std::size_t(-1);
};

}  // namespace syndr
