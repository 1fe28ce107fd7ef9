#include "kernels/bytes_body.hpp"

namespace syndr {
namespace {

struct Group {
    static constexpr std::size_t kRows = 1, kGroups = 1;
    using Packed = const std::uint8_t*;
    static Packed load(const std::uint8_t* p) { return p; }
    static std::int32_t spread(std::int32_t four) { return four; }

    void add(Packed packed, std::int32_t spread) {
        std::int8_t a[kGroupStep];
        std::memcpy(a, &spread, sizeof a);
        for (std::size_t row = 0; row < kGroupRows; ++row)
            for (std::size_t k = 0; k < kGroupStep; ++k) sum[row] += a[k] * packed[row * kGroupStep + k];
    }
    std::uint16_t above(std::int32_t bar, const std::int32_t* bars) const {
        unsigned mask = 0;
        for (std::size_t row = 0; row < kGroupRows; ++row) mask |= unsigned(sum[row] > bar + bars[row]) << row;
        return std::uint16_t(mask);
    }

    std::int32_t sum[kGroupRows] = {};
};

std::int32_t dot(const std::uint8_t* a, const std::int8_t* b, std::size_t dims) {
    std::int32_t sum = 0;
    for (std::size_t k = 0; k < dims; ++k) sum += a[k] * b[k];
    return sum;
}

}  // namespace

extern const ByteKernels byte_kernels_portable = {&above<Group>, &dot, kByteOffset};

}  // namespace syndr
