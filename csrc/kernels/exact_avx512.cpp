#include <immintrin.h>

#include "kernels/exact_body.hpp"

namespace syndr {
namespace {

struct Eight {
    static Eight of(__m256 values) { return {__builtin_convertvector(values, __m512d)}; }
    static __m128i load_words(const std::byte* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

    static Eight load(Half, const std::byte* from) { return of(_mm256_cvtph_ps(load_words(from))); }
    static Eight load(Brain, const std::byte* from) {
        const __m256i bits = _mm256_slli_epi32(_mm256_cvtepu16_epi32(load_words(from)), 16);
        return of(_mm256_castsi256_ps(bits));
    }
    static Eight load(Single, const std::byte* from) {
        return of(_mm256_loadu_ps(reinterpret_cast<const float*>(from)));
    }
    static Eight load(Double, const std::byte* from) { return {_mm512_loadu_pd(from)}; }
    void store(double* to) const { _mm512_storeu_pd(to, all); }
    void add(const Eight& a, const Eight& b) { all = _mm512_add_pd(all, _mm512_mul_pd(a.all, b.all)); }

    __m512d all;
};

}  // namespace

extern const ExactKernels exact_kernels_avx512 = kExactKernels<Eight>;

}  // namespace syndr
