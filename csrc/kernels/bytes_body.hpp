// `above`, written once: blocks of kStripRows x kStripGroups products held in registers. An instruction set's source file
// defines Group, the products of one row with a packed group: zero, four coordinates more, and the comparison.
// Everything has internal linkage: the same code compiled for two machines must never be merged by the linker.
#pragma once

#include <cstring>

#include "kernels/bytes.hpp"

namespace syndr {
namespace {

template <class Group>
void above(const std::int8_t* a, std::size_t rows_a, const std::uint8_t* b, std::size_t groups, std::size_t dims,
           const std::int32_t* bars_a, const std::int32_t* bars_b, std::uint16_t* masks) {
    constexpr std::size_t kA = Group::kRows, kB = Group::kGroups;
    static_assert(kStripRows % kA == 0 && kStripGroups % kB == 0);
    const std::size_t group = kGroupRows * dims;
    for (std::size_t g = 0; g < groups; g += kB) {
        const std::uint8_t* packed = b + g * group;
        for (std::size_t r = 0; r < rows_a; r += kA) {
            const std::int8_t* row = a + r * dims;
            Group sums[kA][kB];
            for (std::size_t k = 0; k < dims; k += kGroupStep) {
                typename Group::Packed next[kB];
                for (std::size_t j = 0; j < kB; ++j) next[j] = Group::load(packed + j * group + k * kGroupRows);
                for (std::size_t i = 0; i < kA; ++i) {
                    std::int32_t four;
                    std::memcpy(&four, row + i * dims + k, sizeof four);
                    const auto spread = Group::spread(four);
                    for (std::size_t j = 0; j < kB; ++j) sums[i][j].add(next[j], spread);
                }
            }
            for (std::size_t i = 0; i < kA; ++i)
                for (std::size_t j = 0; j < kB; ++j)
                    masks[(r + i) * groups + g + j] =
                        sums[i][j].above(bars_a[r + i], bars_b + (g + j) * kGroupRows);
        }
    }
}

}  // namespace
}  // namespace syndr
