// The 8-bit kernels for 64-bit Arm, with or without the dot-product instructions;
// each source file says how four products are added to each lane. Signed rows multiply signed ones: no offset.
#pragma once

#include <arm_neon.h>

#include "kernels/bytes_body.hpp"

namespace syndr {
namespace {

inline int8x16_t load_bytes(const void* from) { return vld1q_s8(static_cast<const std::int8_t*>(from)); }

template <int32x4_t (*kAdd)(int32x4_t sum, int8x16_t packed, int8x16_t spread)>
struct NeonGroup {
    static constexpr std::size_t kRows = 4, kGroups = 1;
    static constexpr int kParts = 4;  // registers of four rows each
    struct Packed {
        int8x16_t part[kParts];
    };
    static Packed load(const std::uint8_t* p) {
        return {{load_bytes(p), load_bytes(p + 16), load_bytes(p + 32), load_bytes(p + 48)}};
    }
    static int8x16_t spread(std::int32_t four) { return vreinterpretq_s8_s32(vdupq_n_s32(four)); }

    void add(const Packed& packed, int8x16_t spread) {
        for (int part = 0; part < kParts; ++part) sum[part] = kAdd(sum[part], packed.part[part], spread);
    }
    std::uint16_t above(std::int32_t bar, const std::int32_t* bars) const {
        constexpr std::uint32_t kBits[] = {1, 2, 4, 8};
        uint32x4_t mask = vdupq_n_u32(0);
        for (int part = 0; part < kParts; ++part) {
            const int32x4_t limit = vaddq_s32(vdupq_n_s32(bar), vld1q_s32(bars + 4 * part));
            const uint32x4_t bits = vshlq_u32(vld1q_u32(kBits), vdupq_n_s32(4 * part));
            mask = vorrq_u32(mask, vandq_u32(vcgtq_s32(sum[part], limit), bits));
        }
        return std::uint16_t(vaddvq_u32(mask));
    }

    int32x4_t sum[kParts] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
};

// Lanes may be summed in any way: only their total is asked for.
template <int32x4_t (*kAdd)(int32x4_t sum, int8x16_t a, int8x16_t b)>
std::int32_t neon_dot(const std::uint8_t* a, const std::int8_t* b, std::size_t dims) {
    int32x4_t sums[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
    for (std::size_t k = 0; k < dims; k += kByteRowPadding)
        for (int part = 0; part < 4; ++part)
            sums[part] = kAdd(sums[part], load_bytes(a + k + 16 * part), load_bytes(b + k + 16 * part));
    return vaddvq_s32(vaddq_s32(vaddq_s32(sums[0], sums[1]), vaddq_s32(sums[2], sums[3])));
}

}  // namespace
}  // namespace syndr
