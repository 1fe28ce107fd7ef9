// Both stretches against their plain formulas, at lengths around the width of every register.
#include "distort/stretch.hpp"

#include "pixels.hpp"

namespace {

using syndr::test::random_values;

template <class U>
U rounded(double x) {
    const double level = std::floor(255 * x + 0.5);
    return U(level < 0 ? 0 : level > 255 ? 255 : level);
}

template <class T>
void one_length(const syndr::PixelKernels& kernels, std::size_t count) {
    auto values = random_values<T>(count, unsigned(count), -0.5, 1.5);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const T lowest = *low, width = count == 1 ? T(1) : T(*high - *low), from = count == 1 ? T(0) : lowest;
    std::vector<std::uint8_t> levels(count + 1, 77);
    std::vector<float> floats(count + 1, 77);
    std::vector<double> doubles(count + 1, 77);
    syndr::settle(values.data(), count, levels.data(), kernels);
    syndr::settle(values.data(), count, floats.data(), kernels);
    syndr::settle(values.data(), count, doubles.data(), kernels);
    for (std::size_t k = 0; k < count; ++k) {
        const T expected = (values[k] - from) / width;
        CHECK(levels[k] == rounded<std::uint8_t>(double(expected)));
        CHECK(floats[k] == float(expected) && doubles[k] == double(expected));
    }
    CHECK(levels[count] == 77 && floats[count] == 77 && doubles[count] == 77);
    const auto found = syndr::measure(values.data(), count, kernels);
    CHECK(found.low == double(lowest) && found.high == double(*high) && !found.missing);
    values[count / 2] = std::nan("");
    CHECK(syndr::measure(values.data(), count, kernels).missing);
    syndr::settle(values.data(), count, doubles.data(), kernels);
    for (std::size_t k = 0; k < count; ++k) CHECK(std::isnan(doubles[k]));
}

template <class T>
void eight_bit(const syndr::PixelKernels& kernels) {
    std::vector<T> values;
    std::vector<std::uint8_t> levels;
    for (int level = 13; level < 240; ++level) {
        levels.push_back(std::uint8_t(level));
        values.push_back(T(level) / 255);
    }
    const auto found = syndr::measure(values.data(), values.size(), kernels);
    CHECK(found.eight_bit);
    syndr::Extremes range = syndr::measure(levels.data(), levels.size(), kernels);
    CHECK(range.low == 13 && range.high == 239 && range.eight_bit);
    std::vector<double> from_floats(values.size()), from_bytes(values.size());
    syndr::stretch(values.data(), values.size(), range, from_floats.data(), kernels);
    syndr::stretch(levels.data(), levels.size(), range, from_bytes.data(), kernels);
    for (std::size_t k = 0; k < values.size(); ++k)
        CHECK(from_floats[k] == double(k) / 226 && from_bytes[k] == from_floats[k]);
    values[5] += T(2e-6);
    CHECK(!syndr::measure(values.data(), values.size(), kernels).eight_bit);
}

}  // namespace

int main() {
    syndr::test::with_every_kernel([](const syndr::PixelKernels& kernels, auto value) {
        for (std::size_t count = 1; count <= 70; ++count) one_length<decltype(value)>(kernels, count);
        eight_bit<decltype(value)>(kernels);
    });
}
