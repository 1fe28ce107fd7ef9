// The deciding number: its summation order is a definition, its value that of the formula.
#include "exact_distance.hpp"

#include <cmath>
#include <random>
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

}  // namespace

int main() {
    std::mt19937_64 random(7);
    std::normal_distribution<double> normal;
    for (std::size_t dims = 1; dims < 200; ++dims) {
        std::vector<double> a(dims), b(dims);
        for (double& value : a) value = normal(random);
        for (double& value : b) value = normal(random);
        const double dot = syndr::dot64(a.data(), b.data(), dims);
        CHECK(dot == in_eight_lanes(a, b));
        CHECK(dot == syndr::dot64(b.data(), a.data(), dims));
        const double size = std::sqrt(syndr::dot64(a.data(), a.data(), dims) * syndr::dot64(b.data(), b.data(), dims));
        CHECK(std::fabs(double(dot - widely(a, b))) <= 1e-14 * size);
    }

    // Rows of opposite, equal and perpendicular direction, at extreme lengths still accepted.
    for (const double length : {1e-140, 1e-30, 1.0, 1e30, 1e139}) {
        const std::vector<double> a{3 * length, 4 * length, 0}, b{-3, -4, 0}, c{0, 0, 2};
        const auto norm = [](const std::vector<double>& row) { return syndr::dot64(row.data(), row.data(), 3); };
        const auto distance = [&](const std::vector<double>& x, const std::vector<double>& y) {
            return syndr::cosine_distance(syndr::dot64(x.data(), y.data(), 3), norm(x), norm(y));
        };
        CHECK(norm(a) >= syndr::kSmallestSquaredNorm && norm(a) <= syndr::kLargestSquaredNorm);
        CHECK(std::fabs(distance(a, a)) <= 1e-15);
        CHECK(std::fabs(distance(a, b) - 2) <= 1e-15);
        CHECK(distance(a, c) == 1);
    }

    // PairDistance keeps the first row it loaded: asking in any order gives the same numbers.
    auto rows = syndr::test::clustered(40, 33, 3, 1, true);
    const auto norms = rows.norms();
    syndr::PairDistance one(rows.view(), norms.data(), rows.view(), norms.data());
    for (std::size_t n = 0; n < 400; ++n) {
        const std::size_t i = random() % 40, j = random() % 40;
        syndr::PairDistance fresh(rows.view(), norms.data(), rows.view(), norms.data());
        CHECK(one(i, j) == fresh(i, j));
        CHECK(one(i, j) == fresh(j, i));
        CHECK(std::fabs(one(i, j) - rows.distance(i, j)) <= 1e-14);
    }
}
