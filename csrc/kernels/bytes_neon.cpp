#include "kernels/bytes_neon.hpp"

namespace syndr {
namespace {

// Two products of integers in [-127, 127] fit 16 bits.
int32x4_t add_rows(int32x4_t sum, int8x16_t packed, int8x16_t spread) {
    const int16x8_t low = vmull_s8(vget_low_s8(packed), vget_low_s8(spread));
    return vpadalq_s16(sum, vpaddq_s16(low, vmull_high_s8(packed, spread)));
}

int32x4_t add_any(int32x4_t sum, int8x16_t a, int8x16_t b) {
    return vpadalq_s16(sum, vmlal_high_s8(vmull_s8(vget_low_s8(a), vget_low_s8(b)), a, b));
}

}  // namespace

extern const ByteKernels byte_kernels_neon = {&above<NeonGroup<add_rows>>, &neon_dot<add_any>, 0};

}  // namespace syndr
