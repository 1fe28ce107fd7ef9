#define SYNDR_VECTOR_WIDTH 8
#include "kernels/tile_body.hpp"

namespace syndr {

extern const TileProducts tile_products_avx2 = &Tile<3, 4>::products;

}  // namespace syndr
