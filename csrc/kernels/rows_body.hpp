// The row kernels, with compiler vectors of SYNDR_VECTOR_WIDTH floats where a loop carries sums.
// Everything has internal linkage: the same code compiled for two machines must never be merged by the linker.
#pragma once

#include <cmath>
#include <cstring>

#include "kernels/rows.hpp"
#include "matrix_view.hpp"

namespace syndr {
namespace {

template <class Stored>
void scale(const void* values, std::size_t dims, double scale, float* out) {
    const auto* from = static_cast<const std::byte*>(values);
    for (std::size_t k = 0; k < dims; ++k) {
        typename Stored::Bits bits;
        std::memcpy(&bits, from + k * sizeof bits, sizeof bits);
        out[k] = float(Stored::widen(bits) * scale);
    }
}

constexpr int kStep = SYNDR_VECTOR_WIDTH;
static_assert(kRowStep % kStep == 0);
typedef float Floats __attribute__((vector_size(kStep * sizeof(float))));
typedef double Wide __attribute__((vector_size(kStep * sizeof(double))));
typedef std::int32_t Ints __attribute__((vector_size(kStep * sizeof(std::int32_t))));
typedef std::int8_t Bytes __attribute__((vector_size(kStep)));

inline Floats load(const float* from) {
    Floats values;
    std::memcpy(&values, from, sizeof values);
    return values;
}

template <class Vector>
auto total(const Vector& values) {
    auto sum = values[0];
    for (int k = 1; k < kStep; ++k) sum += values[k];
    return sum;
}

// Integers near `x`, and what taking step * q for `exact` leaves.
struct Rounding {
    Ints sum{}, squares{};
    Wide off{};

    void add(Floats x, Wide exact, double step, std::int8_t* out) {
        x = x > 127.0f ? Floats{} + 127.0f : x;
        x = x < -127.0f ? Floats{} - 127.0f : x;
        const Floats q = (x + 12582912.0f) - 12582912.0f;  // 1.5 * 2^23 leaves no bits for a fraction
        const Ints whole = __builtin_convertvector(q, Ints);
        const Bytes bytes = __builtin_convertvector(whole, Bytes);
        std::memcpy(out, &bytes, sizeof bytes);
        sum += whole;
        squares += whole * whole;
        const Wide rest = exact - step * __builtin_convertvector(q, Wide);
        off += rest * rest;
    }

    Rounded result() const { return {total(off), total(sum), total(squares)}; }
};

Rounded round(const float* x, const float* centre, std::size_t dims, float step, std::int8_t* out) {
    Rounding rounding;
    const float scale = 1 / step;
    for (std::size_t k = 0; k < dims; k += kStep) {
        const Floats values = load(x + k), middle = load(centre + k);
        const Wide exact = __builtin_convertvector(values, Wide) - __builtin_convertvector(middle, Wide);
        rounding.add((values - middle) * scale, exact, step, out + k);
    }
    return rounding.result();
}

QuantizedRow quantize(const float* row, std::size_t dims, std::int8_t* out) {
    Floats most{};
    for (std::size_t k = 0; k < dims; k += kStep) {
        const Floats values = load(row + k), size = values < 0.0f ? -values : values;
        most = size > most ? size : most;
    }
    float largest = 0;
    for (int k = 0; k < kStep; ++k) largest = most[k] > largest ? most[k] : largest;
    const float step = largest / 127, scale = 127 / largest;
    Rounding rounding;
    for (std::size_t k = 0; k < dims; k += kStep) {
        const Floats values = load(row + k);
        rounding.add(values * scale, __builtin_convertvector(values, Wide), step, out + k);
    }
    const Rounded rounded = rounding.result();
    // A millionth more covers the roundings of the sums and of the conversions to float32.
    return {step, float(std::sqrt(rounded.off) * 1.000001), float(double(step) * step * rounded.squares), rounded.sum};
}

constexpr RowKernels kRowKernels = {&scale<Half>, &scale<Brain>, &scale<Single>, &scale<Double>, &quantize, &round};

}  // namespace
}  // namespace syndr
