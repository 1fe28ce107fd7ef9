// The deciding number: its summation order is a definition, its value that of the formula.
#include "exact_distance.hpp"

#include <cmath>
#include <cstring>
#include <random>
#include <type_traits>
#include <vector>

#include "check.hpp"
#include "matrices.hpp"

namespace {

// The definition: summand k goes to lane k mod 8 in ascending order; lanes are added as a balanced tree.
double in_eight_lanes(const std::vector<double>& a, const std::vector<double>& b) {
    double lane[8] = {};
    for (std::size_t k = 0; k < a.size(); ++k) lane[k % 8] += a[k] * b[k];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

long double widely(const std::vector<double>& a, const std::vector<double>& b) {
    long double sum = 0;
    for (std::size_t k = 0; k < a.size(); ++k) sum += static_cast<long double>(a[k]) * b[k];
    return sum;
}

// Rows of every scalar, at addresses of no alignment, in every number that is done together.
template <class Stored>
void one_scalar(const syndr::ExactKernels& kernels, syndr::Scalar scalar, std::mt19937_64& random) {
    using Bits = typename Stored::Bits;
    constexpr std::size_t kRows = 7;
    std::normal_distribution<float> normal;
    for (const std::size_t dims : {1u, 7u, 8u, 9u, 31u, 100u, 2048u}) {
        std::vector<std::byte> stored(kRows * dims * sizeof(Bits) + 1);
        std::vector<std::vector<double>> wide(kRows, std::vector<double>(dims));
        const std::byte* rows[kRows];
        for (std::size_t r = 0; r < kRows; ++r) {
            std::byte* const row = stored.data() + 1 + r * dims * sizeof(Bits);
            rows[r] = row;
            for (std::size_t k = 0; k < dims; ++k) {
                // Any finite half, subnormals and zeros of either sign included; a bfloat16 of moderate size.
                Bits bits;
                if constexpr (std::is_floating_point_v<Bits>)
                    bits = Bits(normal(random));
                else
                    bits = Bits(scalar == syndr::Scalar::f16 ? random() % 0x7C00 : 0x3000 + random() % 0x1800) |
                           Bits(random() % 2 << 15);
                std::memcpy(row + k * sizeof bits, &bits, sizeof bits);
                wide[r][k] = Stored::widen(bits);
            }
        }
        const auto& of = kernels.of(scalar);
        for (std::size_t count = 0; count <= kRows; ++count) {
            std::vector<double> dots(kRows, 42), a(dims, 42);
            of.widen(rows[kRows - 1], dims, a.data());
            CHECK(a == wide[kRows - 1]);
            of.dots(a.data(), rows, count, dims, dots.data());
            for (std::size_t r = 0; r < kRows; ++r)
                CHECK(dots[r] == (r < count ? in_eight_lanes(wide[kRows - 1], wide[r]) : 42));
        }
    }
}

void one_kernel(const syndr::Kernel& kernel) {
    std::mt19937_64 random(7);
    std::normal_distribution<double> normal;
    const auto dot64 = [&](const std::vector<double>& a, const std::vector<double>& b) {
        return kernel.exact->dot(a.data(), b.data(), a.size());
    };
    for (std::size_t dims = 1; dims < 200; ++dims) {
        std::vector<double> a(dims), b(dims);
        for (double& value : a) value = normal(random);
        for (double& value : b) value = normal(random);
        const double dot = dot64(a, b);
        CHECK(dot == in_eight_lanes(a, b));
        CHECK(dot == dot64(b, a));
        CHECK(std::fabs(double(dot - widely(a, b))) <= 1e-14 * std::sqrt(dot64(a, a) * dot64(b, b)));
    }
    one_scalar<syndr::Half>(*kernel.exact, syndr::Scalar::f16, random);
    one_scalar<syndr::Brain>(*kernel.exact, syndr::Scalar::bf16, random);
    one_scalar<syndr::Single>(*kernel.exact, syndr::Scalar::f32, random);
    one_scalar<syndr::Double>(*kernel.exact, syndr::Scalar::f64, random);

    // Rows of opposite, equal and perpendicular direction, at extreme lengths still accepted.
    for (const double length : {1e-140, 1e-30, 1.0, 1e30, 1e139}) {
        const std::vector<double> a{3 * length, 4 * length, 0}, b{-3, -4, 0}, c{0, 0, 2};
        const auto distance = [&](const std::vector<double>& x, const std::vector<double>& y) {
            return syndr::cosine_distance(dot64(x, y), dot64(x, x), dot64(y, y));
        };
        CHECK(dot64(a, a) >= syndr::kSmallestSquaredNorm && dot64(a, a) <= syndr::kLargestSquaredNorm);
        CHECK(std::fabs(distance(a, a)) <= 1e-15);
        CHECK(std::fabs(distance(a, b) - 2) <= 1e-15);
        CHECK(distance(a, c) == 1);
    }

    // PairDistance keeps the first row it loaded: asking in any order, one by one or together, gives the same numbers.
    for (const bool reversed : {false, true}) {
        auto rows = syndr::test::clustered(40, 33, 3, 1, reversed);
        const auto norms = rows.norms();
        syndr::PairDistance one(rows.view(), norms.data(), rows.view(), norms.data(), kernel);
        for (std::size_t n = 0; n < 200; ++n) {
            const std::size_t i = random() % 40, count = 1 + random() % 9;
            std::vector<std::size_t> others(count);
            for (std::size_t& j : others) j = random() % 40;
            std::vector<double> together(count);
            one(i, others.data(), count, together.data());
            for (std::size_t m = 0; m < count; ++m) {
                syndr::PairDistance fresh(rows.view(), norms.data(), rows.view(), norms.data(), kernel);
                CHECK(together[m] == fresh(i, others[m]));
                CHECK(together[m] == fresh(others[m], i));
                CHECK(std::fabs(together[m] - rows.distance(i, others[m])) <= 1e-14);
            }
        }
    }
}

}  // namespace

int main() {
    for (const syndr::Kernel& kernel : syndr::available_kernels()) one_kernel(kernel);
}
