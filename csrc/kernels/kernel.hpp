// One instruction set's kernels, and the choice of the best set this CPU has.
#pragma once

#include <string>
#include <vector>

#include "distort/pixel_kernels.hpp"
#include "kernels/bytes.hpp"
#include "kernels/exact.hpp"
#include "kernels/rows.hpp"
#include "kernels/tile.hpp"

namespace syndr {

struct Kernel {
    const char* name;
    TileKernel tile;
    const ByteKernels* bytes;
    const RowKernels* rows;
    const ExactKernels* exact;
    const PixelKernels* pixels;
};

// Every kernel this CPU can run, best first; the last is "portable".
std::vector<Kernel> available_kernels();

// The kernel of that name, or the best one when `name` is empty. Throws std::invalid_argument.
Kernel choose_kernel(const std::string& name);

}  // namespace syndr
