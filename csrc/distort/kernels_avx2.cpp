#define SYNDR_VECTOR_BYTES 32
#include "distort/kernels_body.hpp"

namespace syndr {

extern const PixelKernels pixel_kernels_avx2 = kPixelKernels;

}  // namespace syndr
