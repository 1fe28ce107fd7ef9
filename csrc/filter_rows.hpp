// The first filter: short rows of 8-bit integers whose products rule most pairs out.
//
// Let Q have orthonormal rows. For unit rows u and v, with residuals r = sqrt(1 - |Qu|^2), the short rows x = (Qu, r)
// satisfy |x_u - x_v| <= |u - v|: Q and its complement split u - v at right angles, and a norm changes no more than its
// argument. Subtracting one centre from all x changes no difference. Quantized to x' = centre + step * q with
// |x - x'| <= error, a pair whose |x'_u - x'_v| reaches sqrt(2 * radius) + error_u + error_v is therefore no edge, as
// cosine distance is |u - v|^2 / 2. Squared, with (a + b)^2 <= 2a^2 + 2b^2 for the errors, the test falls apart into
// one bar for each row:
//
//     <q_u, q_v>  >  bar_u + bar_v,      bar = (|q|^2 - (radius + 2 sqrt(2 radius) error + 2 error^2) / step^2) / 2
//
// Whatever basis, centre and step are given, no edge is ever ruled out; good ones rule out more.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernel.hpp"
#include "unit_rows.hpp"

namespace syndr {

// How rows become short. `kept` coordinates: those along the basis, then the residual, then zeros; without a basis the
// rows as they are.
struct Filter {
    const float* basis = nullptr;   // (directions, padded dims) rows, near orthonormal; null: none
    std::size_t directions = 0;
    const float* centre = nullptr;  // `kept` values
    std::size_t kept = 0;           // a multiple of kRowStep, above `directions`; without a basis the padded dims
    float step = 0;                 // at least kSmallestStep
};

// Finer steps would gain nothing, and coarser ones keep every bar within 32 bits.
constexpr float kSmallestStep = 1e-3f;

class FilterRows {
public:
    static constexpr std::size_t kBlock = 192;  // rows of a tile: whole strips of packed groups
    static_assert(kBlock % (kGroupRows * kStripGroups) == 0 && kBlock % kStripRows == 0);

    // The rows live in `memory`: as many bytes as bytes() says, starting on a 64-byte boundary. They are those that lie
    // there already, or are stored after clear().
    FilterRows(std::size_t rows, const Filter& filter, std::size_t stride, double radius, const Kernel& kernel,
               std::byte* memory)
        : filter_(filter), radius_(radius), kernel_(kernel), stride_(stride), places_(padded(rows, kBlock)),
          packed_(reinterpret_cast<std::uint8_t*>(memory)),
          bars_(reinterpret_cast<std::int32_t*>(memory + places_ * filter.kept)), offsets_(bars_ + places_) {}

    static std::size_t bytes(std::size_t rows, std::size_t kept) {
        return padded(rows, kBlock) * (kept + 2 * sizeof(std::int32_t));
    }

    // Makes ready for storing.
    void clear(Job& job) {
        std::fill(packed_, packed_ + places_ * filter_.kept, std::uint8_t(kernel_.bytes->offset));
        std::fill(bars_, bars_ + places_, kNever);
        std::fill(offsets_, offsets_ + places_, 0);
        if (!filter_.basis) return;
        const double skew = basis_skew(job);
        projection_error_ = std::sqrt(double(filter_.directions)) * (1 + skew) * kernel_.tile.rounding(stride_) + skew +
                            (1 + skew) * kUnitRowError;
    }

    // Shortens and quantizes unit rows (`stride` floats each) that go to places[0], places[1], ...
    void store(const float* unit, std::size_t count, const std::size_t* places) {
        const std::size_t kept = filter_.kept, directions = filter_.directions;
        std::vector<std::int8_t> bytes(kept);
        if (!filter_.basis) {
            for (std::size_t r = 0; r < count; ++r)
                store_one(unit + r * stride_, kUnitRowError, places[r], bytes.data());
            return;
        }
        std::vector<float> shorts(count * kept);
        kernel_.tile.products(unit, count, filter_.basis, directions, stride_, shorts.data(), kept);
        for (std::size_t r = 0; r < count; ++r) {
            float* x = shorts.data() + r * kept;
            double squared = 0;
            for (std::size_t k = 0; k < directions; ++k) squared += double(x[k]) * x[k];
            const double residual = std::sqrt(std::max(0.0, 1 - squared));
            x[directions] = float(residual);
            // |a - b| <= min(sqrt(t), t / a) where |a^2 - b^2| <= t; one rounding to float32 more.
            const double t = projection_error_ * (2 + projection_error_);
            const double residual_error = std::min(std::sqrt(t), residual > 0 ? t / residual : t + 1) + 0x1p-24;
            store_one(x, projection_error_ + residual_error, places[r], bytes.data());
        }
    }

    // Rows place, place + 1, ... of kBlock, one after the other, and their bars with the packed rows' offset counted in.
    void unpack(std::size_t place, std::int8_t* rows, std::int32_t* bars) const {
        const int offset = kernel_.bytes->offset;
        for (std::size_t r = 0; r < kBlock; ++r) {
            const std::uint8_t* from = packed_ + at(place + r);
            for (std::size_t k = 0; k < filter_.kept; k += kGroupStep)
                for (std::size_t part = 0; part < kGroupStep; ++part)
                    rows[r * filter_.kept + k + part] = std::int8_t(int(from[k * kGroupRows + part]) - offset);
            bars[r] = bars_[place + r] + offsets_[place + r];
        }
    }

    // Which of the rows b, b + 1, ... may be edges of which unpacked rows: kBlock / 64 words a row.
    void candidates(const std::int8_t* rows, const std::int32_t* bars, std::size_t b, std::uint64_t* words) const {
        std::uint16_t masks[kBlock * kBlock / kGroupRows];
        kernel_.bytes->above(rows, kBlock, packed_ + at(b), kBlock / kGroupRows, filter_.kept, bars, bars_ + b, masks);
        for (std::size_t w = 0; w < kBlock * kBlock / 64; ++w)
            words[w] = masks[4 * w] | std::uint64_t(masks[4 * w + 1]) << 16 | std::uint64_t(masks[4 * w + 2]) << 32 |
                       std::uint64_t(masks[4 * w + 3]) << 48;
    }

    std::size_t kept() const { return filter_.kept; }

private:
    static constexpr std::int32_t kNever = 1 << 29;  // above any product, and two of them with an offset below 2^31
    static constexpr std::int32_t kAlways = -(1 << 29);

    std::size_t at(std::size_t place) const {
        return place / kGroupRows * kGroupRows * filter_.kept + place % kGroupRows * kGroupStep;
    }

    void store_one(const float* x, double error, std::size_t place, std::int8_t* bytes) {
        const Rounded rounded =
            kernel_.rows->round(x, filter_.centre, filter_.kept, filter_.step, bytes);
        const int offset = kernel_.bytes->offset;
        std::uint8_t* to = packed_ + at(place);
        for (std::size_t k = 0; k < filter_.kept; k += kGroupStep)
            for (std::size_t part = 0; part < kGroupStep; ++part)
                to[k * kGroupRows + part] = std::uint8_t(int(bytes[k + part]) + offset);
        const double whole = (std::sqrt(rounded.off) + error) * (1 + 1e-9);
        const double slack = radius_ + 2 * std::sqrt(2 * radius_) * whole + 2 * whole * whole;
        const double bar = std::floor((rounded.squares - slack * (1 + 1e-9) / (double(filter_.step) * filter_.step)) / 2);
        bars_[place] = std::int32_t(std::max(bar, double(kAlways)));
        offsets_[place] = offset * rounded.sum;
    }

    // At least |B B^T - I| of the basis B (Frobenius), which also bounds how far B lies from an orthonormal Q.
    double basis_skew(Job& job) const {
        const std::size_t rows = filter_.directions;
        std::vector<double> part(rows);
        job.prepare(rows, [&](std::size_t i, unsigned) {
            const float* a = filter_.basis + i * stride_;
            for (std::size_t j = 0; j <= i; ++j) {
                const float* b = filter_.basis + j * stride_;
                double lanes[8] = {};
                for (std::size_t k = 0; k < stride_; k += 8)
                    for (std::size_t lane = 0; lane < 8; ++lane) lanes[lane] += double(a[k + lane]) * b[k + lane];
                double dot = 0;
                for (const double lane : lanes) dot += lane;
                const double off = std::fabs(dot - (i == j)) + 1e-12;
                part[i] += (i == j ? 1 : 2) * off * off;
            }
        });
        double sum = 0;
        for (const double each : part) sum += each;
        return std::sqrt(sum);
    }

    Filter filter_;
    double radius_, projection_error_ = 0;
    Kernel kernel_;
    std::size_t stride_, places_;
    std::uint8_t* packed_;
    std::int32_t *bars_, *offsets_;
};

}  // namespace syndr
