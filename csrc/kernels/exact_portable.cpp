#include "kernels/exact_body.hpp"

namespace syndr {
namespace {

typedef double Two __attribute__((vector_size(16)));

struct Eight {
    template <class Stored>
    static Eight load(Stored, const std::byte* from) {
        double values[kExactLanes];
        for (std::size_t k = 0; k < kExactLanes; ++k) {
            typename Stored::Bits bits;
            std::memcpy(&bits, from + k * sizeof bits, sizeof bits);
            values[k] = Stored::widen(bits);
        }
        Eight eight;
        std::memcpy(eight.part, values, sizeof values);
        return eight;
    }
    void store(double* to) const { std::memcpy(to, part, sizeof part); }
    void add(const Eight& a, const Eight& b) {
        for (int p = 0; p < 4; ++p) part[p] += a.part[p] * b.part[p];
    }

    Two part[4];
};

}  // namespace

extern const ExactKernels exact_kernels_portable = kExactKernels<Eight>;

}  // namespace syndr
