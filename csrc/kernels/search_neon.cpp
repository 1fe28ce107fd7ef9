#define SYNDR_VECTOR_WIDTH 4
#include "kernels/rows_body.hpp"
#include "kernels/tile_body.hpp"

namespace syndr {

extern const TileKernel tile_kernel_neon = {&Tile<4, 5>::products, SYNDR_VECTOR_WIDTH};
extern const RowKernels row_kernels_neon = kRowKernels;

}  // namespace syndr
