// 8-bit products of every kernel against plain integer sums, extremes included.
#include <random>
#include <vector>

#include "check.hpp"
#include "kernels/kernel.hpp"

namespace {

constexpr std::size_t kRows = 2 * syndr::kStripRows, kGroups = 2 * syndr::kStripGroups;
constexpr std::size_t kPacked = kGroups * syndr::kGroupRows;

void one_size(const syndr::ByteKernels& kernels, std::size_t dims, bool extreme) {
    std::mt19937 random{unsigned(dims)};
    std::vector<std::int8_t> a(kRows * dims);
    std::vector<std::uint8_t> b(kPacked * dims), packed(kPacked * dims);
    for (auto& value : a) value = std::int8_t(extreme ? (random() % 2 ? 127 : -127) : int(random() % 255) - 127);
    for (auto& value : b) {
        const int coordinate = extreme ? (random() % 2 ? 127 : -127) : int(random() % 255) - 127;
        value = std::uint8_t(coordinate + kernels.offset);
    }
    const auto offset = [&](std::uint8_t stored) {  // a coordinate with the offset, as a number
        return kernels.offset == 0 ? int(std::int8_t(stored)) : int(stored);
    };
    for (std::size_t r = 0; r < kPacked; ++r)
        for (std::size_t k = 0; k < dims; ++k)
            packed[r / 16 * 16 * dims + k / 4 * 64 + r % 16 * 4 + k % 4] = b[r * dims + k];
    std::vector<std::int32_t> bars_a(kRows), bars_b(kPacked);
    for (auto& bar : bars_a) bar = std::int32_t(random() % 2000) - 1000;
    for (auto& bar : bars_b) bar = std::int32_t(random() % 2000) - 1000;
    const auto product = [&](std::size_t i, std::size_t j) {
        std::int32_t sum = 0;
        for (std::size_t k = 0; k < dims; ++k) sum += a[i * dims + k] * offset(b[j * dims + k]);
        return sum;
    };
    bars_b[3] = product(1, 3) - bars_a[1];  // exactly at the bar: not above
    bars_b[4] = product(1, 4) - bars_a[1] - 1;

    std::vector<std::uint16_t> masks(kRows * kGroups, 0xABCD);
    kernels.above(a.data(), kRows, packed.data(), kGroups, dims, bars_a.data(), bars_b.data(), masks.data());
    for (std::size_t i = 0; i < kRows; ++i)
        for (std::size_t j = 0; j < kPacked; ++j)
            CHECK((masks[i * kGroups + j / 16] >> j % 16 & 1) == (product(i, j) > bars_a[i] + bars_b[j]));

    if (dims % syndr::kByteRowPadding != 0) return;
    for (std::size_t j = 0; j < 5; ++j) CHECK(kernels.dot(b.data() + j * dims, a.data() + dims, dims) == product(1, j));
}

}  // namespace

int main() {
    for (const syndr::Kernel& kernel : syndr::available_kernels())
        for (const std::size_t dims : {4u, 16u, 20u, 64u, 128u, 320u, 704u, 8192u})
            for (const bool extreme : {false, true}) one_size(*kernel.bytes, dims, extreme);
}
