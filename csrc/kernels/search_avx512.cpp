#define SYNDR_VECTOR_WIDTH 16
#include "kernels/rows_body.hpp"
#include "kernels/tile_body.hpp"

namespace syndr {

extern const TileKernel tile_kernel_avx512 = {&Tile<4, 5>::products, SYNDR_VECTOR_WIDTH};
extern const RowKernels row_kernels_avx512 = kRowKernels;

}  // namespace syndr
