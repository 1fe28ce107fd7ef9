// A strided view of somebody else's matrix: rows of float16, float32 or float64, read without copying.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace syndr {

enum class Scalar { f16, f32, f64 };

// IEEE half to single, exactly, subnormals and specials included.
inline float half_to_float(std::uint16_t half) {
    const std::uint32_t sign = std::uint32_t(half & 0x8000u) << 16;
    const std::uint32_t exponent = (half >> 10) & 0x1Fu;
    const std::uint32_t mantissa = half & 0x3FFu;
    if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24 is exact in single
        const float magnitude = float(mantissa) * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    const std::uint32_t wide = exponent == 31 ? 0xFFu : exponent + 112;
    const std::uint32_t bits = sign | (wide << 23) | (mantissa << 13);
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

struct MatrixView {
    const std::byte* data = nullptr;
    std::size_t rows = 0;
    std::size_t dims = 0;
    std::ptrdiff_t row_stride = 0;  // bytes
    std::ptrdiff_t dim_stride = 0;  // bytes
    Scalar scalar = Scalar::f32;

    // Widens one row to float64 (exact for every scalar).
    void load(std::size_t row, double* out) const {
        const std::byte* p = data + std::ptrdiff_t(row) * row_stride;
        switch (scalar) {
            case Scalar::f16: return widen<std::uint16_t>(p, out);
            case Scalar::f32: return widen<float>(p, out);
            case Scalar::f64: return widen<double>(p, out);
        }
    }

private:
    template <class T>
    void widen(const std::byte* p, double* out) const {
        for (std::size_t k = 0; k < dims; ++k, p += dim_stride) {
            T value;
            std::memcpy(&value, p, sizeof value);  // a view need not be aligned
            if constexpr (sizeof(T) == 2)
                out[k] = half_to_float(value);
            else
                out[k] = value;
        }
    }
};

}  // namespace syndr
