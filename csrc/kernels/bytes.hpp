// Products of rows quantized to 8 bits. They are integers, so every instruction set gives the same.
#pragma once

#include <cstddef>
#include <cstdint>

namespace syndr {

// Packed rows stand in groups of this many, four coordinates of each in turn: a register holds a group's next four.
constexpr std::size_t kGroupRows = 16;
constexpr std::size_t kGroupStep = 4;
// `above` takes packed rows in whole multiples of this many groups, and other rows in whole multiples of kStripRows.
constexpr std::size_t kStripGroups = 6;
constexpr std::size_t kStripRows = 4;
// What is added to a coordinate in [-127, 127] where the instruction wants an unsigned one.
constexpr int kByteOffset = 128;

// Coordinates are in [-127, 127]; those of one operand are stored with the offset added, as bytes without a sign.
struct ByteKernels {
    // Bit j of masks[i * groups + g] says whether <a_i, b_(16g+j)> > bars_a[i] + bars_b[16g+j]. Rows of `a` follow each
    // other, those of `b` are packed and offset; `dims` is a multiple of kGroupStep. The offset is the caller's affair:
    // it adds offset * sum(a_i) to each product.
    void (*above)(const std::int8_t* a, std::size_t rows_a, const std::uint8_t* b, std::size_t groups, std::size_t dims,
                  const std::int32_t* bars_a, const std::int32_t* bars_b, std::uint16_t* masks);

    // <a, b>, where `a` is offset; `dims` is a multiple of kByteRowPadding.
    std::int32_t (*dot)(const std::uint8_t* a, const std::int8_t* b, std::size_t dims);

    int offset;  // kByteOffset, or 0 where the instruction takes signed operands alone
};

constexpr std::size_t kByteRowPadding = 64;

}  // namespace syndr
