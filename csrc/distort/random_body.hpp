// Philox4x32-10 and what is drawn from its words: the arithmetic of syndr/distort/random.py.
#pragma once

#include <algorithm>

#include "distort/pixel_kernels.hpp"
#include "distort/vectors.hpp"

namespace syndr {
namespace {

constexpr std::size_t kBlocksAtOnce = 64;

// Four words of each of kBlocksAtOnce consecutive blocks.
struct Words {
    std::uint32_t word[4][kBlocksAtOnce];

    Words(const StreamId& id, std::uint32_t first) {
        for (std::size_t lane = 0; lane < kBlocksAtOnce; ++lane) {
            std::uint32_t c0 = first + std::uint32_t(lane), c1 = id.draw, c2 = id.type, c3 = id.level;
            std::uint32_t k0 = std::uint32_t(id.seed), k1 = std::uint32_t(id.seed >> 32);
#pragma GCC unroll 10
            for (int round = 0; round < 10; ++round) {
                const std::uint64_t left = std::uint64_t(0xD2511F53u) * c0, right = std::uint64_t(0xCD9E8D57u) * c2;
                c0 = std::uint32_t(right >> 32) ^ c1 ^ k0;
                c1 = std::uint32_t(right);
                c2 = std::uint32_t(left >> 32) ^ c3 ^ k1;
                c3 = std::uint32_t(left);
                k0 += 0x9E3779B9u;
                k1 += 0xBB67AE85u;
            }
            word[0][lane] = c0, word[1][lane] = c1, word[2][lane] = c2, word[3][lane] = c3;
        }
    }
};

inline Longs load_words(const std::uint32_t* from) {
    return __builtin_convertvector(*reinterpret_cast<const Values<std::uint32_t, kLanes>::Type*>(from), Longs);
}

// -2 log(x / 2^32) for integers x in [1, 2^32].
inline Doubles minus_twice_log(Longs x) {
    const Longs raw = bits(to_doubles(x));
    // x / 2^32 = m 2^e with m in (1/sqrt 2, sqrt 2], so that nothing cancels where the logarithm is near 0.
    Doubles m = from_bits((raw & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000);
    Doubles e = to_doubles(raw >> 52) - (1023 + 32);
    const Longs large = m > 1.4142135623730951;
    e = large ? e + 1.0 : e;
    m = large ? m * 0.5 : m;
    const Doubles s = (m - 1) / (m + 1), s2 = s * s;  // log m = 2 artanh s, |s| < 0.172
    Doubles series = Doubles{} + 1.0 / 21;
    for (int k = 19; k >= 1; k -= 2) series = series * s2 + 1.0 / k;
    return (e * 0.6931471805599453 + 2 * s * series) * -2;
}

// Cosine and sine of 2 pi w / 2^32: whole quarters of a turn exactly, then Taylor series up to an eighth.
inline void cosine_and_sine(Longs w, Doubles& cosine, Doubles& sine) {
    const Longs quarter = (w + (1 << 29)) >> 30;
    const Doubles t = (to_doubles(w) - to_doubles(quarter << 30)) * (6.283185307179586 / 4294967296.0);
    const Doubles t2 = t * t;
    constexpr double kInverseFactorials[] = {1.0,           1.0 / 2,         1.0 / 6,          1.0 / 24,
                                             1.0 / 120,     1.0 / 720,       1.0 / 5040,       1.0 / 40320,
                                             1.0 / 362880,  1.0 / 3628800,   1.0 / 39916800.0, 1.0 / 479001600.0,
                                             1.0 / 6227020800.0, 1.0 / 87178291200.0, 1.0 / 1307674368000.0,
                                             1.0 / 20922789888000.0};
    Doubles c = Doubles{} + kInverseFactorials[15], s = Doubles{} + kInverseFactorials[14];
    for (int k = 13; k >= 1; k -= 2) {
        c = kInverseFactorials[k] - t2 * c;
        s = kInverseFactorials[k - 1] - t2 * s;
    }
    c = 1 - t2 * c;
    s = t * s;
    const Longs swap = (quarter & 1) != 0;
    cosine = swap ? s : c;
    sine = swap ? c : s;
    cosine = ((quarter + 1) & 2) != 0 ? -cosine : cosine;
    sine = (quarter & 2) != 0 ? -sine : sine;
}

struct Random {
    template <class T, void (*kFill)(const Words&, T*)>
    static void sequence(const StreamId& id, std::uint32_t first, std::size_t blocks, T* out) {
        std::size_t block = 0;
        for (; block + kBlocksAtOnce <= blocks; block += kBlocksAtOnce)
            kFill(Words(id, first + std::uint32_t(block)), out + 4 * block);
        if (block == blocks) return;
        T rest[4 * kBlocksAtOnce];
        kFill(Words(id, first + std::uint32_t(block)), rest);
        std::copy(rest, rest + 4 * (blocks - block), out + 4 * block);
    }

    static void fill_uniform(const Words& words, double* out) {
        for (std::size_t lane = 0; lane < kBlocksAtOnce; ++lane)
            for (int k = 0; k < 4; ++k) out[4 * lane + k] = words.word[k][lane] * 0x1p-32;
    }

    // Box-Muller: words 0 and 1 of a block, and words 2 and 3, make two numbers each.
    static void fill_normal(const Words& words, float* out) {
        float numbers[4][kBlocksAtOnce];
        for (int pair = 0; pair < 4; pair += 2)
            for (std::size_t lane = 0; lane < kBlocksAtOnce; lane += kLanes) {
                const Doubles square = minus_twice_log(load_words(words.word[pair] + lane) + 1);
                Doubles radius, cosine, sine;
                for (int k = 0; k < kLanes; ++k) radius[k] = __builtin_sqrt(square[k]);
                cosine_and_sine(load_words(words.word[pair + 1] + lane), cosine, sine);
                store(radius * cosine, numbers[pair] + lane);
                store(radius * sine, numbers[pair + 1] + lane);
            }
        for (std::size_t lane = 0; lane < kBlocksAtOnce; ++lane)
            for (int k = 0; k < 4; ++k) out[4 * lane + k] = numbers[k][lane];
    }
};

}  // namespace
}  // namespace syndr
