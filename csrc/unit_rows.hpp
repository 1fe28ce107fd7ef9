// Rows scaled to unit length and rounded to float32, laid out for the tile kernels.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "exact_distance.hpp"
#include "kernels/tile.hpp"
#include "matrix_view.hpp"
#include "parallel.hpp"

namespace syndr {

class UnitRows {
public:
    // Row r of the result is row order[r] of the view (or row r when `order` is empty).
    UnitRows(const MatrixView& view, const double* squared_norms, const std::vector<std::size_t>& order, Job& job)
        : rows_(view.rows), stride_((view.dims + kRowPadding - 1) / kRowPadding * kRowPadding) {
        const std::size_t bytes = rows_ * stride_ * sizeof(float);
        data_.reset(static_cast<float*>(std::aligned_alloc(64, bytes ? bytes : 64)));
        if (!data_) throw std::bad_alloc();
        constexpr std::size_t kChunk = 64;
        job.prepare((rows_ + kChunk - 1) / kChunk, [&](std::size_t chunk, unsigned) {
            std::vector<double> wide(view.dims);
            for (std::size_t r = chunk * kChunk; r < std::min(rows_, (chunk + 1) * kChunk); ++r) {
                const std::size_t source = order.empty() ? r : order[r];
                view.load(source, wide.data());
                const double norm = std::sqrt(squared_norms[source]);
                float* out = data_.get() + r * stride_;
                for (std::size_t k = 0; k < view.dims; ++k) out[k] = float(wide[k] / norm);
                for (std::size_t k = view.dims; k < stride_; ++k) out[k] = 0.0f;
            }
        });
    }

    const float* row(std::size_t r) const { return data_.get() + r * stride_; }
    std::size_t rows() const { return rows_; }
    std::size_t stride() const { return stride_; }

    // As many rows as fill about half a typical second-level cache.
    std::size_t tile_rows() const {
        constexpr std::size_t kBytes = 512 * 1024;
        return std::min<std::size_t>(256, std::max<std::size_t>(16, kBytes / (stride_ * sizeof(float))));
    }

private:
    struct Free {
        void operator()(float* p) const { std::free(p); }
    };
    std::size_t rows_, stride_;
    std::unique_ptr<float, Free> data_;
};

inline std::vector<double> squared_norms(const MatrixView& view, Job& job) {
    std::vector<double> norms(view.rows);
    constexpr std::size_t kChunk = 64;
    job.prepare((view.rows + kChunk - 1) / kChunk, [&](std::size_t chunk, unsigned) {
        std::vector<double> wide(view.dims);
        for (std::size_t r = chunk * kChunk; r < std::min(view.rows, (chunk + 1) * kChunk); ++r) {
            view.load(r, wide.data());
            norms[r] = dot64(wide.data(), wide.data(), view.dims);
        }
    });
    return norms;
}

}  // namespace syndr
