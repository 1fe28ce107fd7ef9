// Scaling and quantizing of single rows by every kernel, against float64.
#include <cmath>
#include <random>
#include <vector>

#include "check.hpp"
#include "kernels/kernel.hpp"
#include "matrix_view.hpp"

namespace {

void scaling(const syndr::RowKernels& kernels) {
    std::mt19937 random(1);
    for (const std::size_t dims : {1u, 7u, 16u, 100u}) {
        std::vector<std::uint16_t> halves(dims);
        std::vector<float> singles(dims), out(dims);
        std::vector<double> doubles(dims);
        for (std::size_t k = 0; k < dims; ++k) {
            halves[k] = std::uint16_t(random() % 0x7C00 | (random() % 2 << 15));
            singles[k] = syndr::Half::widen(halves[k]) * 1e30f;
            doubles[k] = singles[k] * 1e100;
        }
        const double scale = 0.37;
        kernels.scale_f16(halves.data(), dims, scale, out.data());
        for (std::size_t k = 0; k < dims; ++k) CHECK(out[k] == float(syndr::Half::widen(halves[k]) * scale));
        kernels.scale_bf16(halves.data(), dims, scale, out.data());
        for (std::size_t k = 0; k < dims; ++k) CHECK(out[k] == float(syndr::Brain::widen(halves[k]) * scale));
        kernels.scale_f32(singles.data(), dims, 1e-30, out.data());
        for (std::size_t k = 0; k < dims; ++k) CHECK(out[k] == float(singles[k] * 1e-30));
        kernels.scale_f64(doubles.data(), dims, 1e-130, out.data());
        for (std::size_t k = 0; k < dims; ++k) CHECK(out[k] == float(doubles[k] * 1e-130));
    }
}

void quantizing(const syndr::RowKernels& kernels) {
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    for (const std::size_t dims : {16u, 48u, 2048u}) {
        for (int round = 0; round < 20; ++round) {
            std::vector<float> row(dims), centre(dims);
            for (std::size_t k = 0; k < dims; ++k) row[k] = normal(random), centre[k] = 0.1f * normal(random);
            if (round == 0) row[3] = 50;  // one coordinate above all others
            std::vector<std::int8_t> q(dims);
            const syndr::QuantizedRow whole = kernels.quantize(row.data(), dims, q.data());
            double off = 0, squares = 0, sum = 0, largest = 0;
            for (std::size_t k = 0; k < dims; ++k) {
                off += std::pow(double(row[k]) - double(whole.step) * q[k], 2);
                squares += std::pow(double(whole.step) * q[k], 2);
                sum += q[k];
                largest = std::max(largest, std::fabs(double(q[k])));
                CHECK(std::fabs(double(row[k]) - double(whole.step) * q[k]) <= 0.5001 * whole.step);
            }
            CHECK(largest == 127 && whole.sum == sum);
            CHECK(whole.error >= std::sqrt(off) && whole.error <= std::sqrt(off) * 1.00001);
            CHECK(std::fabs(whole.squared - squares) <= 1e-7 * squares);

            const float step = 0.02f;  // +-127 steps reach 2.54: some coordinates lie beyond
            const syndr::Rounded rounded = kernels.round(row.data(), centre.data(), dims, step, q.data());
            off = squares = sum = 0;
            for (std::size_t k = 0; k < dims; ++k) {
                const double x = double(row[k]) - centre[k];
                const double nearest = std::min(127.0, std::max(-127.0, std::nearbyint(x / step)));
                CHECK(std::fabs(q[k] - nearest) <= 1);  // float32 may round a tie otherwise
                CHECK(std::fabs(x) >= 2.55 || std::fabs(x - double(step) * q[k]) <= 0.5001 * step);
                off += std::pow(x - double(step) * q[k], 2);
                squares += double(q[k]) * q[k];
                sum += q[k];
            }
            CHECK(rounded.sum == sum && rounded.squares == squares);
            CHECK(std::fabs(rounded.off - off) <= 1e-12 * off);
        }
    }
}

}  // namespace

int main() {
    for (const syndr::Kernel& kernel : syndr::available_kernels()) {
        scaling(*kernel.rows);
        quantizing(*kernel.rows);
    }
}
