#include <arm_neon.h>

#include "kernels/exact_body.hpp"

namespace syndr {
namespace {

struct Eight {
    static Eight of(float32x4_t low, float32x4_t high) {
        return {{vcvt_f64_f32(vget_low_f32(low)), vcvt_high_f64_f32(low), vcvt_f64_f32(vget_low_f32(high)),
                 vcvt_high_f64_f32(high)}};
    }
    static uint16x8_t load_words(const std::byte* from) {
        return vreinterpretq_u16_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(from)));
    }

    static Eight load(Half, const std::byte* from) {
        const float16x8_t halves = vreinterpretq_f16_u16(load_words(from));
        return of(vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves));
    }
    static Eight load(Brain, const std::byte* from) {
        const uint16x8_t words = load_words(from);
        return of(vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(words), 16)),
                  vreinterpretq_f32_u32(vshll_n_u16(vget_high_u16(words), 16)));
    }
    static Eight load(Single, const std::byte* from) {
        return of(vreinterpretq_f32_u16(load_words(from)), vreinterpretq_f32_u16(load_words(from + 16)));
    }
    static Eight load(Double, const std::byte* from) {
        Eight eight;
        for (int p = 0; p < 4; ++p) eight.part[p] = vreinterpretq_f64_u16(load_words(from + 16 * p));
        return eight;
    }
    void store(double* to) const {
        for (int p = 0; p < 4; ++p) vst1q_f64(to + 2 * p, part[p]);
    }
    void add(const Eight& a, const Eight& b) {
        for (int p = 0; p < 4; ++p) part[p] = vaddq_f64(part[p], vmulq_f64(a.part[p], b.part[p]));
    }

    float64x2_t part[4];
};

}  // namespace

extern const ExactKernels exact_kernels_neon = kExactKernels<Eight>;

}  // namespace syndr
