// What is done to single rows: widening, scaling to unit length, quantizing to 8 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace syndr {

constexpr std::size_t kRowStep = 16;  // rows that are quantized have a multiple of this many coordinates

// A unit row u is near step * q.
struct QuantizedRow {
    float step;
    float error;         // at least |u - step * q|
    float squared;       // |step * q|^2
    std::int32_t sum;    // of q
};

// What rounding to a given step left: |x - step * q|^2, and what q sums and squares to.
struct Rounded {
    double off;
    std::int32_t sum, squares;
};

struct RowKernels {
    // out = values * scale, rounded once to float32. `values` are contiguous, at any address.
    void (*scale_f16)(const void* values, std::size_t dims, double scale, float* out);
    void (*scale_bf16)(const void* values, std::size_t dims, double scale, float* out);
    void (*scale_f32)(const void* values, std::size_t dims, double scale, float* out);
    void (*scale_f64)(const void* values, std::size_t dims, double scale, float* out);

    // To integers in [-127, 127], the largest coordinate to +-127.
    QuantizedRow (*quantize)(const float* row, std::size_t dims, std::int8_t* out);

    // x - centre to multiples of step, those beyond +-127 to +-127.
    Rounded (*round)(const float* x, const float* centre, std::size_t dims, float step, std::int8_t* out);
};

}  // namespace syndr
