#define SYNDR_VECTOR_WIDTH 4
#include "kernels/tile_body.hpp"

namespace syndr {

extern const TileProducts tile_products_portable = &Tile<2, 4>::products;

}  // namespace syndr
