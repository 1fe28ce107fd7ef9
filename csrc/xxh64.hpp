// XXH64, written from the published xxHash specification (Yann Collet): the fixed, named hash behind every draw.
#pragma once

#include <cstddef>
#include <cstdint>

namespace syndr {

inline std::uint64_t xxh64(const void* input, std::size_t size, std::uint64_t seed) {
    constexpr std::uint64_t p1 = 0x9E3779B185EBCA87, p2 = 0xC2B2AE3D27D4EB4F, p3 = 0x165667B19E3779F9,
                            p4 = 0x85EBCA77C2B2AE63, p5 = 0x27D4EB2F165667C5;
    const auto rotate = [](std::uint64_t x, int by) { return (x << by) | (x >> (64 - by)); };
    const auto round = [&](std::uint64_t lane, std::uint64_t word) { return rotate(lane + word * p2, 31) * p1; };
    const auto* p = static_cast<const unsigned char*>(input);
    const auto* const end = p + size;
    // Little-endian reads whatever the machine's own order is.
    const auto read = [&](int bytes) {
        std::uint64_t word = 0;
        for (int k = 0; k < bytes; ++k) word |= std::uint64_t(p[k]) << (8 * k);
        p += bytes;
        return word;
    };

    std::uint64_t hash;
    if (size >= 32) {
        std::uint64_t lanes[4] = {seed + p1 + p2, seed + p2, seed, seed - p1};
        while (end - p >= 32)
            for (std::uint64_t& lane : lanes) lane = round(lane, read(8));
        hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
        for (const std::uint64_t lane : lanes) hash = (hash ^ round(0, lane)) * p1 + p4;
    } else {
        hash = seed + p5;
    }
    hash += size;
    while (end - p >= 8) hash = rotate(hash ^ round(0, read(8)), 27) * p1 + p4;
    if (end - p >= 4) hash = rotate(hash ^ (read(4) * p1), 23) * p2 + p3;
    while (p < end) hash = rotate(hash ^ (read(1) * p5), 11) * p1;
    hash = (hash ^ (hash >> 33)) * p2;
    hash = (hash ^ (hash >> 29)) * p3;
    return hash ^ (hash >> 32);
}

}  // namespace syndr
