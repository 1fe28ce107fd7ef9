#include <stdexcept>

#include "kernels/kernel.hpp"

#if defined(SYNDR_X86_KERNELS)
#include <cpuid.h>
#elif defined(SYNDR_ARM_KERNELS) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(SYNDR_ARM_KERNELS) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace syndr {

extern const TileKernel tile_kernel_portable;
extern const ByteKernels byte_kernels_portable;
extern const RowKernels row_kernels_portable;
extern const ExactKernels exact_kernels_portable;
extern const PixelKernels pixel_kernels_portable;
#ifdef SYNDR_X86_KERNELS
extern const TileKernel tile_kernel_avx2, tile_kernel_avx512;
extern const ByteKernels byte_kernels_avx2, byte_kernels_avx512vnni;
extern const RowKernels row_kernels_avx2, row_kernels_avx512;
extern const ExactKernels exact_kernels_avx2, exact_kernels_avx512;
extern const PixelKernels pixel_kernels_avx2, pixel_kernels_avx512;

namespace {

// Conversions of float16, for which Clang's __builtin_cpu_supports has no name.
bool has_f16c() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

}  // namespace
#endif
#ifdef SYNDR_ARM_KERNELS
extern const TileKernel tile_kernel_neon;
extern const ByteKernels byte_kernels_neon, byte_kernels_neondot;
extern const RowKernels row_kernels_neon;
extern const ExactKernels exact_kernels_neon;

namespace {

bool has_dot_products() {
#if defined(__linux__)
    constexpr unsigned long kDotProducts = 1ul << 20;  // HWCAP_ASIMDDP, which older headers do not name
    return (getauxval(AT_HWCAP) & kDotProducts) != 0;
#elif defined(__APPLE__)
    int has = 0;
    std::size_t size = sizeof has;
    return sysctlbyname("hw.optional.arm.FEAT_DotProd", &has, &size, nullptr, 0) == 0 && has != 0;
#else
    return false;
#endif
}

}  // namespace
#endif

std::vector<Kernel> available_kernels() {
    std::vector<Kernel> kernels;
#ifdef SYNDR_X86_KERNELS
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f");
    if (avx512 && __builtin_cpu_supports("avx512vnni"))
        kernels.push_back({"avx512vnni", tile_kernel_avx512, &byte_kernels_avx512vnni, &row_kernels_avx512, &exact_kernels_avx512,
                           &pixel_kernels_avx512});
    if (avx512)
        kernels.push_back(
            {"avx512", tile_kernel_avx512, &byte_kernels_avx2, &row_kernels_avx512, &exact_kernels_avx512, &pixel_kernels_avx512});
    if (avx2)
        kernels.push_back({"avx2", tile_kernel_avx2, &byte_kernels_avx2, &row_kernels_avx2, &exact_kernels_avx2, &pixel_kernels_avx2});
#endif
#ifdef SYNDR_ARM_KERNELS  // the portable pixel kernels are of NEON's width already
    if (has_dot_products())
        kernels.push_back({"neondot", tile_kernel_neon, &byte_kernels_neondot, &row_kernels_neon, &exact_kernels_neon,
                           &pixel_kernels_portable});
    kernels.push_back({"neon", tile_kernel_neon, &byte_kernels_neon, &row_kernels_neon, &exact_kernels_neon, &pixel_kernels_portable});
#endif
    kernels.push_back({"portable", tile_kernel_portable, &byte_kernels_portable, &row_kernels_portable, &exact_kernels_portable,
                       &pixel_kernels_portable});
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
