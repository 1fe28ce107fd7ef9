#include <immintrin.h>

#include "kernels/bytes_body.hpp"

namespace syndr {
namespace {

// maddubs would saturate; two products of 16-bit integers do not, and leave each row's sum in its own lane.
struct Group {
    static constexpr std::size_t kRows = 2, kGroups = 2;
    struct Packed {
        __m256i even[2], odd[2];
    };
    struct Spread {
        __m256i even, odd;
    };
    static Packed load(const std::uint8_t* p) {
        Packed packed;
        for (int half = 0; half < 2; ++half) {
            const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32 * half));
            packed.even[half] = _mm256_and_si256(bytes, _mm256_set1_epi16(0xFF));
            packed.odd[half] = _mm256_srli_epi16(bytes, 8);
        }
        return packed;
    }
    static Spread spread(std::int32_t four) {
        const __m256i bytes = _mm256_set1_epi32(four);
        return {_mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8), _mm256_srai_epi16(bytes, 8)};
    }

    void add(const Packed& packed, const Spread& spread) {
        for (int half = 0; half < 2; ++half) {
            const __m256i even = _mm256_madd_epi16(packed.even[half], spread.even);
            const __m256i odd = _mm256_madd_epi16(packed.odd[half], spread.odd);
            sum[half] = _mm256_add_epi32(sum[half], _mm256_add_epi32(even, odd));
        }
    }
    std::uint16_t above(std::int32_t bar, const std::int32_t* bars) const {
        unsigned mask = 0;
        for (int half = 0; half < 2; ++half) {
            const __m256i limit = _mm256_add_epi32(
                _mm256_set1_epi32(bar), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bars + 8 * half)));
            const __m256i over = _mm256_cmpgt_epi32(sum[half], limit);
            mask |= unsigned(_mm256_movemask_ps(_mm256_castsi256_ps(over))) << (8 * half);
        }
        return std::uint16_t(mask);
    }

    __m256i sum[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
};

std::int32_t dot(const std::uint8_t* a, const std::int8_t* b, std::size_t dims) {
    __m256i sum = _mm256_setzero_si256();
    for (std::size_t k = 0; k < dims; k += 16) {
        const __m256i wide_a = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a + k)));
        const __m256i wide_b = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b + k)));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(wide_a, wide_b));
    }
    alignas(32) std::int32_t lanes[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3] + lanes[4] + lanes[5] + lanes[6] + lanes[7];
}

}  // namespace

extern const ByteKernels byte_kernels_avx2 = {&above<Group>, &dot, kByteOffset};

}  // namespace syndr
