#include <immintrin.h>

#include "kernels/bytes_body.hpp"

namespace syndr {
namespace {

struct Group {
    static constexpr std::size_t kRows = 4, kGroups = 3;
    using Packed = __m512i;
    static Packed load(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
    static __m512i spread(std::int32_t four) { return _mm512_set1_epi32(four); }

    void add(Packed packed, __m512i spread) { sum = _mm512_dpbusd_epi32(sum, packed, spread); }
    std::uint16_t above(std::int32_t bar, const std::int32_t* bars) const {
        return _mm512_cmpgt_epi32_mask(sum, _mm512_add_epi32(_mm512_set1_epi32(bar), _mm512_loadu_si512(bars)));
    }

    __m512i sum = _mm512_setzero_si512();
};

std::int32_t dot(const std::uint8_t* a, const std::int8_t* b, std::size_t dims) {
    __m512i sums[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    std::size_t k = 0;
    for (; k + 256 <= dims; k += 256)
        for (int part = 0; part < 4; ++part)
            sums[part] = _mm512_dpbusd_epi32(sums[part], _mm512_loadu_si512(a + k + 64 * part),
                                             _mm512_loadu_si512(b + k + 64 * part));
    for (; k < dims; k += 64)
        sums[0] = _mm512_dpbusd_epi32(sums[0], _mm512_loadu_si512(a + k), _mm512_loadu_si512(b + k));
    return _mm512_reduce_add_epi32(
        _mm512_add_epi32(_mm512_add_epi32(sums[0], sums[1]), _mm512_add_epi32(sums[2], sums[3])));
}

}  // namespace

extern const ByteKernels byte_kernels_avx512vnni = {&above<Group>, &dot, kByteOffset};

}  // namespace syndr
