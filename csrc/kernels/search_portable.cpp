#define SYNDR_VECTOR_WIDTH 4
#include "kernels/rows_body.hpp"
#include "kernels/tile_body.hpp"

namespace syndr {

extern const TileKernel tile_kernel_portable = {&Tile<2, 4>::products, SYNDR_VECTOR_WIDTH};
extern const RowKernels row_kernels_portable = kRowKernels;

}  // namespace syndr
