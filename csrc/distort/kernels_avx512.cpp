#define SYNDR_VECTOR_BYTES 64
#include "distort/kernels_body.hpp"

namespace syndr {

extern const PixelKernels pixel_kernels_avx512 = kPixelKernels;

}  // namespace syndr
