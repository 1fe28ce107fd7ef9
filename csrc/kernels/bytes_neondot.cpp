#include "kernels/bytes_neon.hpp"

namespace syndr {
namespace {

int32x4_t add(int32x4_t sum, int8x16_t a, int8x16_t b) { return vdotq_s32(sum, a, b); }

}  // namespace

extern const ByteKernels byte_kernels_neondot = {&above<NeonGroup<add>>, &neon_dot<add>, 0};

}  // namespace syndr
