// The second filter: whole unit rows as 8-bit integers with a step of their own each. They decide most pairs either way.
//
// With |u - u'| <= error for u' = step * q, the distance |u - v| lies within error_u + error_v of |u' - v'|.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/kernel.hpp"
#include "unit_rows.hpp"

namespace syndr {

enum class Verdict { outside, inside, open };

class ByteRows {
public:
    // `error` is how far the deciding distance may lie from the true one. The rows live in `memory`: as many bytes as
    // bytes() says, starting on a 64-byte boundary.
    ByteRows(std::size_t rows, std::size_t stride, double radius, double error, const Kernel& kernel, std::byte* memory)
        : kernel_(kernel), float_stride_(stride), stride_(padded(stride, kByteRowPadding)),
          data_(reinterpret_cast<std::int8_t*>(memory)), rows_(reinterpret_cast<QuantizedRow*>(memory + rows * stride_)),
          outside_(std::sqrt(2 * (radius + error))), inside_(radius > error ? std::sqrt(2 * (radius - error)) : 0) {}

    static std::size_t bytes(std::size_t rows, std::size_t stride) {
        static_assert(kByteRowPadding % alignof(QuantizedRow) == 0);
        return rows * (padded(stride, kByteRowPadding) + sizeof(QuantizedRow));
    }

    void store(const float* unit, std::size_t place) {
        std::int8_t* to = data_ + place * stride_;
        rows_[place] = kernel_.rows->quantize(unit, float_stride_, to);
        rows_[place].error += float(kUnitRowError);
        std::fill(to + float_stride_, to + stride_, std::int8_t(0));
    }

    // A row as the first operand of verdicts, with the kernel's offset: `stride` bytes.
    void lift(std::size_t place, std::uint8_t* out) const {
        const std::int8_t* from = data_ + place * stride_;
        const std::uint64_t offset = std::uint64_t(kernel_.bytes->offset) * 0x0101010101010101u;
        for (std::size_t k = 0, stride = stride_; k < stride; k += 8) {
            std::uint64_t eight;
            std::memcpy(&eight, from + k, sizeof eight);
            eight ^= offset;  // adds it to each byte: it is the highest bit, or none
            std::memcpy(out + k, &eight, sizeof eight);
        }
    }

    // Rows lie anywhere in memory: asks for one ahead of its verdict.
    void prefetch(std::size_t place) const {
        for (std::size_t k = 0; k < stride_; k += 64) __builtin_prefetch(data_ + place * stride_ + k);
    }

    const QuantizedRow& quantized(std::size_t place) const { return rows_[place]; }

    // Whether the pair is an edge: `u` and `lifted` are its first row, which may be of other ByteRows of equal stride.
    Verdict verdict(const QuantizedRow& u, const std::uint8_t* lifted, std::size_t b) const {
        const QuantizedRow& v = rows_[b];
        const std::int32_t dot =
            kernel_.bytes->dot(lifted, data_ + b * stride_, stride_) - kernel_.bytes->offset * v.sum;
        const double squared = double(u.squared) + v.squared - 2.0 * u.step * v.step * dot;
        const double errors = double(u.error) + v.error;
        // The float32 numbers of a row are rounded: a millionth covers that.
        const double far = outside_ + errors, near = inside_ - errors;
        if (squared - 1e-6 >= far * far) return Verdict::outside;
        if (near > 0 && squared + 1e-6 < near * near) return Verdict::inside;
        return Verdict::open;
    }

    std::size_t stride() const { return stride_; }

private:
    Kernel kernel_;
    std::size_t float_stride_, stride_;
    std::int8_t* data_;
    QuantizedRow* rows_;
    double outside_, inside_;
};

}  // namespace syndr
