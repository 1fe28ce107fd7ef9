// k nearest and farthest against sorting all distances, with groups, ties and too few rows.
#include "nearest.hpp"

#include "check.hpp"
#include "matrices.hpp"

namespace {

using syndr::test::Matrix;

void compare(Matrix& queries, Matrix& base, const syndr::NearestSettings& settings, unsigned threads) {
    const auto query_norms = queries.norms(), base_norms = base.norms();
    syndr::Job job(threads);
    const auto found = syndr::nearest(queries.view(), query_norms.data(), base.view(), base_norms.data(), settings, job);
    CHECK(found.rows.size() == queries.rows() * settings.k && found.distances.size() == found.rows.size());
    syndr::PairDistance decide(queries.view(), query_norms.data(), base.view(), base_norms.data(),
                               syndr::choose_kernel("portable"));
    for (std::size_t q = 0; q < queries.rows(); ++q) {
        std::vector<std::pair<double, std::int64_t>> all;
        for (std::size_t b = 0; b < base.rows(); ++b)
            if (!settings.query_groups || settings.query_groups[q] != settings.base_groups[b])
                all.emplace_back(settings.farthest ? -decide(q, b) : decide(q, b), std::int64_t(b));
        std::sort(all.begin(), all.end());
        for (std::size_t n = 0; n < settings.k; ++n) {
            const double distance = found.distances[q * settings.k + n];
            const std::int64_t row = found.rows[q * settings.k + n];
            if (n < all.size()) {
                CHECK(row == all[n].second);
                CHECK(distance == (settings.farthest ? -all[n].first : all[n].first));
            } else {
                CHECK(row == -1 && std::isnan(distance));
            }
        }
    }
}

// Base rows so alike that the rounding of float32 products decides their order, were it asked.
void nearly_equal_rows() {
    std::mt19937 random(4);
    std::normal_distribution<float> normal;
    Matrix queries(12, 48), base(300, 48);
    for (std::size_t k = 0; k < 48; ++k) {
        const float centre = normal(random);
        for (std::size_t r = 0; r < 300; ++r) base.at(r, k) = centre + 3e-7f * normal(random);
        for (std::size_t q = 0; q < 12; ++q) queries.at(q, k) = centre + 0.5f * normal(random);
    }
    for (const syndr::Kernel& kernel : syndr::available_kernels())
        for (const bool farthest : {false, true})
            for (const std::size_t k : {1u, 7u, 100u}) compare(queries, base, {k, farthest, nullptr, nullptr, kernel}, 1);
}

}  // namespace

int main() {
    nearly_equal_rows();
    for (const syndr::Kernel& kernel : syndr::available_kernels())
        for (unsigned threads = 1; threads <= 3; ++threads) {
            auto queries = syndr::test::clustered(50, 20, 3, 1, true), base = syndr::test::clustered(300, 20, 3, 2);
            for (std::size_t r = 100; r < 200; ++r)  // many exact ties
                for (std::size_t k = 0; k < 20; ++k) base.at(r, k) = base.at(r % 5, k);
            std::vector<std::int64_t> query_groups(50), base_groups(300);
            for (std::size_t r = 0; r < 300; ++r) base_groups[r] = std::int64_t(r % 4);
            for (std::size_t r = 0; r < 50; ++r) query_groups[r] = std::int64_t(r % 6);
            for (const bool farthest : {false, true})
                for (const std::size_t k : {0u, 1u, 5u, 150u, 300u, 310u}) {
                    compare(queries, base, {k, farthest, nullptr, nullptr, kernel}, threads);
                    compare(queries, base, {k, farthest, query_groups.data(), base_groups.data(), kernel}, threads);
                    const std::vector<std::int64_t> ours(50, 7), theirs(300, 7);  // nobody is left
                    compare(queries, base, {k, farthest, ours.data(), theirs.data(), kernel}, threads);
                }
        }
}
