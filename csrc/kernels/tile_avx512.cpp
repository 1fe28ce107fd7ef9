#define SYNDR_VECTOR_WIDTH 16
#include "kernels/tile_body.hpp"

namespace syndr {

extern const TileProducts tile_products_avx512 = &Tile<4, 5>::products;

}  // namespace syndr
