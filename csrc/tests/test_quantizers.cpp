// Palettes, dithering and thresholds of pictures whose answers are known.
#include "distort/color_quantizer.hpp"
#include "distort/otsu.hpp"

#include <algorithm>
#include <set>

#include "pixels.hpp"

namespace {

std::vector<std::uint8_t> random_planes(std::size_t height, std::size_t width, unsigned seed) {
    const auto values = syndr::test::random_values<double>(3 * height * width, seed, 0, 255.99);
    return {values.begin(), values.end()};
}

std::vector<std::uint8_t> dithered(const std::vector<std::uint8_t>& planes, std::size_t height, std::size_t width,
                                   const std::vector<syndr::Color>& palette) {
    std::vector<std::uint8_t> out(planes.size());
    syndr::dither_down_columns({planes.data(), height, width}, palette, out.data());
    return out;
}

// Four colours in cells of their own are found as they are, and dithering changes nothing.
void few_colours_are_kept() {
    constexpr std::size_t kSide = 8;
    const std::uint8_t colours[4][3] = {{4, 4, 4}, {252, 12, 20}, {20, 252, 100}, {100, 60, 252}};
    std::vector<std::uint8_t> planes(3 * kSide * kSide);
    for (std::size_t k = 0; k < kSide * kSide; ++k)
        for (std::size_t c = 0; c < 3; ++c) planes[c * kSide * kSide + k] = colours[k % 4][c];
    const auto palette = syndr::wu_palette({planes.data(), kSide, kSide}, 16);
    CHECK(palette.size() == 4);
    CHECK(dithered(planes, kSide, kSide, palette) == planes);
}

void sizes(std::size_t height, std::size_t width, std::size_t most) {
    const auto planes = random_planes(height, width, unsigned(height + width));
    const auto palette = syndr::wu_palette({planes.data(), height, width}, most);
    CHECK(!palette.empty() && palette.size() <= most && palette.size() <= height * width);
    const std::set<syndr::Color> known(palette.begin(), palette.end());
    const auto out = dithered(planes, height, width, palette);
    for (std::size_t k = 0, size = height * width; k < size; ++k)
        CHECK(known.count({out[k], out[size + k], out[2 * size + k]}) == 1);
}

void thresholds_lie_between_peaks() {
    syndr::Histogram histogram{};
    histogram[20] = histogram[21] = 500;
    histogram[235] = 700;
    const auto found = syndr::otsu_thresholds(histogram, 1);
    CHECK(found.size() == 1 && found[0] >= 21 && found[0] < 235);
    syndr::Histogram flat;
    flat.fill(3);
    for (const std::size_t count : {1u, 7u, 20u, 100u}) {
        const auto many = syndr::otsu_thresholds(flat, count);
        CHECK(many.size() == count && std::is_sorted(many.begin(), many.end()) && many.front() >= 0 && many.back() <= 255);
    }
}

}  // namespace

int main() {
    few_colours_are_kept();
    for (const std::size_t most : {1u, 2u, 8u, 64u, 256u}) {
        sizes(1, 1, most);
        sizes(1, 40, most);
        sizes(40, 1, most);
        sizes(37, 29, most);
    }
    thresholds_lie_between_peaks();
}
