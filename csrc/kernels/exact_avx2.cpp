#include <immintrin.h>

#include "kernels/exact_body.hpp"

namespace syndr {
namespace {

struct Eight {
    static Eight of(__m128 low, __m128 high) { return {_mm256_cvtps_pd(low), _mm256_cvtps_pd(high)}; }
    static Eight of(__m256 values) { return of(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1)); }
    static __m128i load_words(const std::byte* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

    static Eight load(Half, const std::byte* from) { return of(_mm256_cvtph_ps(load_words(from))); }
    static Eight load(Brain, const std::byte* from) {
        return of(_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load_words(from)), 16)));
    }
    static Eight load(Single, const std::byte* from) {
        const auto* values = reinterpret_cast<const float*>(from);
        return of(_mm_loadu_ps(values), _mm_loadu_ps(values + 4));
    }
    static Eight load(Double, const std::byte* from) {
        const auto* values = reinterpret_cast<const double*>(from);
        return {_mm256_loadu_pd(values), _mm256_loadu_pd(values + 4)};
    }
    void store(double* to) const {
        _mm256_storeu_pd(to, low);
        _mm256_storeu_pd(to + 4, high);
    }
    void add(const Eight& a, const Eight& b) {
        low = _mm256_add_pd(low, _mm256_mul_pd(a.low, b.low));
        high = _mm256_add_pd(high, _mm256_mul_pd(a.high, b.high));
    }

    __m256d low, high;
};

}  // namespace

extern const ExactKernels exact_kernels_avx2 = kExactKernels<Eight>;

}  // namespace syndr
