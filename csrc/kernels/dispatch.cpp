#include <stdexcept>

#include "kernels/tile.hpp"

namespace syndr {

extern const TileProducts tile_products_portable;
extern const PixelKernels pixel_kernels_portable;
#ifdef SYNDR_X86_KERNELS
extern const TileProducts tile_products_avx2;
extern const PixelKernels pixel_kernels_avx2;
extern const TileProducts tile_products_avx512;
extern const PixelKernels pixel_kernels_avx512;
#endif

std::vector<Kernel> available_kernels() {
    std::vector<Kernel> kernels;
#ifdef SYNDR_X86_KERNELS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) kernels.push_back({"avx512", tile_products_avx512, &pixel_kernels_avx512});
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        kernels.push_back({"avx2", tile_products_avx2, &pixel_kernels_avx2});
#endif
    kernels.push_back({"portable", tile_products_portable, &pixel_kernels_portable});
    return kernels;
}

Kernel choose_kernel(const std::string& name) {
    std::string names;
    for (const Kernel& kernel : available_kernels()) {
        if (name.empty() || name == kernel.name) return kernel;
        names += names.empty() ? kernel.name : std::string(", ") + kernel.name;
    }
    throw std::invalid_argument("SYNDR_KERNEL=" + name + " is not a kernel this CPU can run; it has: " + names);
}

}  // namespace syndr
