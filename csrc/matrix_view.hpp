// A strided view of somebody else's matrix: rows of float16, bfloat16, float32 or float64, read without copying.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace syndr {

enum class Scalar { f16, bf16, f32, f64 };

// How each scalar is stored, and its exact value. Free of branches, so that loops over them become vector code.
struct Half {  // IEEE half, subnormals and specials included
    using Bits = std::uint16_t;
    static float widen(Bits half) {
        const std::uint32_t sign = std::uint32_t(half & 0x8000u) << 16;
        const std::uint32_t exponent = (half >> 10) & 0x1Fu;
        const std::uint32_t mantissa = half & 0x3FFu;
        const float small = float(std::int32_t(mantissa)) * 0x1p-24f;  // zero or subnormal: exact in single
        std::uint32_t small_bits;
        std::memcpy(&small_bits, &small, sizeof small_bits);
        const std::uint32_t large_bits = ((exponent == 31 ? 0xFFu : exponent + 112) << 23) | (mantissa << 13);
        const std::uint32_t bits = sign | (exponent == 0 ? small_bits : large_bits);
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
};
struct Brain {  // bfloat16: the upper half of a single
    using Bits = std::uint16_t;
    static float widen(Bits brain) {
        const std::uint32_t bits = std::uint32_t(brain) << 16;
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
};
struct Single {
    using Bits = float;
    static float widen(Bits value) { return value; }
};
struct Double {
    using Bits = double;
    static double widen(Bits value) { return value; }
};

struct MatrixView {
    const std::byte* data = nullptr;
    std::size_t rows = 0;
    std::size_t dims = 0;
    std::ptrdiff_t row_stride = 0;  // bytes
    std::ptrdiff_t dim_stride = 0;  // bytes
    Scalar scalar = Scalar::f32;

    // Widens one row to float64 (exact for every scalar).
    void load(std::size_t row, double* out) const {
        const std::byte* p = this->row(row);
        switch (scalar) {
            case Scalar::f16: return widen<Half>(p, out);
            case Scalar::bf16: return widen<Brain>(p, out);
            case Scalar::f32: return widen<Single>(p, out);
            case Scalar::f64: return widen<Double>(p, out);
        }
    }

    const std::byte* row(std::size_t row) const { return data + std::ptrdiff_t(row) * row_stride; }

    bool contiguous() const {
        constexpr std::ptrdiff_t sizes[] = {2, 2, 4, 8};
        return dim_stride == sizes[int(scalar)];
    }

private:
    template <class Stored>
    void widen(const std::byte* p, double* out) const {
        constexpr std::ptrdiff_t size = sizeof(typename Stored::Bits);
        if (dim_stride == size)
            each<Stored>(p, size, out);  // a stride known at compile time makes vector code
        else
            each<Stored>(p, dim_stride, out);
    }

    template <class Stored>
    void each(const std::byte* p, std::ptrdiff_t stride, double* out) const {
        for (std::size_t k = 0; k < dims; ++k) {
            typename Stored::Bits bits;
            std::memcpy(&bits, p + std::ptrdiff_t(k) * stride, sizeof bits);  // a view need not be aligned
            out[k] = Stored::widen(bits);
        }
    }
};

}  // namespace syndr
