#define SYNDR_VECTOR_WIDTH 8
#include "kernels/rows_body.hpp"
#include "kernels/tile_body.hpp"

namespace syndr {

extern const TileKernel tile_kernel_avx2 = {&Tile<3, 4>::products, SYNDR_VECTOR_WIDTH};
extern const RowKernels row_kernels_avx2 = kRowKernels;

}  // namespace syndr
