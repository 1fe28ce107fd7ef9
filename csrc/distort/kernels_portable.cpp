#define SYNDR_VECTOR_BYTES 16
#include "distort/kernels_body.hpp"

namespace syndr {

extern const PixelKernels pixel_kernels_portable = kPixelKernels;

}  // namespace syndr
