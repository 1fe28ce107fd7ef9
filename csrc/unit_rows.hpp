// Rows scaled to unit length and rounded to float32, laid out for the tile kernels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "exact_distance.hpp"
#include "kernels/kernel.hpp"
#include "matrix_view.hpp"
#include "parallel.hpp"

namespace syndr {

// Memory that the vector kernels like: starts on a 64-byte boundary, not initialized. Much of it comes in huge pages where
// the system has them: rows are read in no order, and each small page would be looked up anew.
template <class T>
class Aligned {
public:
    explicit Aligned(std::size_t size) {
        constexpr std::size_t kHuge = std::size_t(2) << 20;
        const std::size_t wanted = std::max<std::size_t>(1, size * sizeof(T));
        const std::size_t unit = wanted >= 4 * kHuge ? kHuge : 64, bytes = (wanted + unit - 1) / unit * unit;
        const std::align_val_t boundary{unit};
        data_ = {static_cast<T*>(::operator new(bytes, boundary)), Free{boundary}};
#ifdef MADV_HUGEPAGE
        if (unit == kHuge) madvise(data_.get(), bytes, MADV_HUGEPAGE);  // advice: it may be refused
#endif
    }
    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }

private:
    struct Free {
        void operator()(T* p) const { ::operator delete(p, boundary); }
        std::align_val_t boundary;
    };
    std::unique_ptr<T, Free> data_;
};

// Makes unit rows of a matrix one at a time. Owns scratch: one per thread.
class UnitRow {
public:
    UnitRow(const MatrixView& view, const double* squared_norms, const Kernel& kernel)
        : view_(view), squared_norms_(squared_norms), scale_(choose(view, *kernel.rows)) {
        if (!view.contiguous()) wide_.resize(view.dims);
    }

    std::size_t stride() const { return padded(view_.dims); }

    // Writes `stride` floats, zeros behind the last coordinate.
    void operator()(std::size_t row, float* out) {
        const double scale = 1 / std::sqrt(squared_norms_[row]);
        const void* values = view_.row(row);
        if (!wide_.empty()) {
            view_.load(row, wide_.data());
            values = wide_.data();
        }
        scale_(values, view_.dims, scale, out);
        std::fill(out + view_.dims, out + stride(), 0.0f);
    }

private:
    static decltype(RowKernels::scale_f64) choose(const MatrixView& view, const RowKernels& rows) {
        if (!view.contiguous()) return rows.scale_f64;  // of the row as it is gathered
        switch (view.scalar) {
            case Scalar::f16: return rows.scale_f16;
            case Scalar::bf16: return rows.scale_bf16;
            case Scalar::f32: return rows.scale_f32;
            case Scalar::f64: break;
        }
        return rows.scale_f64;
    }

    MatrixView view_;
    const double* squared_norms_;
    decltype(RowKernels::scale_f64) scale_;
    std::vector<double> wide_;
};

class UnitRows {
public:
    // Row r of the result is row order[r] of the view (or row r when `order` is empty).
    UnitRows(const MatrixView& view, const double* squared_norms, const std::vector<std::size_t>& order,
             const Kernel& kernel, Job& job)
        : rows_(view.rows), stride_(padded(view.dims)), data_(rows_ * stride_) {
        constexpr std::size_t kChunk = 64;
        job.prepare((rows_ + kChunk - 1) / kChunk, [&](std::size_t chunk, unsigned) {
            UnitRow unit(view, squared_norms, kernel);
            for (std::size_t r = chunk * kChunk; r < std::min(rows_, (chunk + 1) * kChunk); ++r)
                unit(order.empty() ? r : order[r], data_.data() + r * stride_);
        });
    }

    const float* row(std::size_t r) const { return data_.data() + r * stride_; }
    std::size_t rows() const { return rows_; }
    std::size_t stride() const { return stride_; }

    // As many rows as fill about half a typical second-level cache.
    std::size_t tile_rows() const {
        constexpr std::size_t kBytes = 512 * 1024;
        return std::min<std::size_t>(256, std::max<std::size_t>(16, kBytes / (stride_ * sizeof(float))));
    }

private:
    std::size_t rows_, stride_;
    Aligned<float> data_;
};

inline std::vector<double> squared_norms(const MatrixView& view, const Kernel& kernel, Job& job) {
    std::vector<double> norms(view.rows);
    constexpr std::size_t kChunk = 64;
    job.prepare((view.rows + kChunk - 1) / kChunk, [&](std::size_t chunk, unsigned) {
        std::vector<double> wide(view.dims);
        const WideRow load(view, kernel);
        for (std::size_t r = chunk * kChunk; r < std::min(view.rows, (chunk + 1) * kChunk); ++r) {
            load(r, wide.data());
            norms[r] = kernel.exact->dot(wide.data(), wide.data(), view.dims);
        }
    });
    return norms;
}

}  // namespace syndr
