// The largest distance inside each cluster against all pairs, within twice the float32 product's error.
#include "diameter.hpp"

#include "check.hpp"
#include "matrices.hpp"

int main() {
    for (const syndr::Kernel& kernel : syndr::available_kernels())
        for (unsigned threads = 1; threads <= 4; ++threads) {
            const std::size_t rows = 900, count = 6;  // one cluster is larger than a tile, one is a single row
            auto X = syndr::test::clustered(rows, 24, 5, threads, threads % 2 == 0);
            const auto norms = X.norms();
            std::vector<std::int64_t> cluster(rows);
            for (std::size_t r = 0; r < rows; ++r) cluster[r] = r == 0 ? 5 : r % 2 ? 0 : std::int64_t(1 + r % 4);
            cluster[1] = cluster[2] = 2;
            std::vector<double> expected(count, 0.0);
            for (std::size_t i = 0; i < rows; ++i)
                for (std::size_t j = i + 1; j < rows; ++j)
                    if (cluster[i] == cluster[j]) {
                        double& largest = expected[std::size_t(cluster[i])];
                        largest = std::max(largest, X.distance(i, j));
                    }
            syndr::Job job(threads);
            const auto found = syndr::diameters(X.view(), norms.data(), cluster.data(), count, kernel, job);
            CHECK(found.size() == count);
            for (std::size_t c = 0; c < count; ++c) {
                CHECK(found[c] <= expected[c] + 1e-14);
                CHECK(found[c] >= expected[c] - 2 * syndr::product_error(kernel.tile, 32));
            }
            CHECK(found[5] == 0 && found[4] == 0);  // one member, none
        }
    syndr::test::Matrix none(1, 4);
    auto view = none.view();
    view.rows = 0;
    syndr::Job job(2);
    CHECK(syndr::diameters(view, nullptr, nullptr, 0, syndr::choose_kernel(""), job).empty());
}
