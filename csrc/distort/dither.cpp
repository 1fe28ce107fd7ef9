// Floyd-Steinberg error diffusion as MATLAB's: along its memory order, which is down the columns, left to right.
#include <algorithm>
#include <limits>

#include "distort/color_quantizer.hpp"

namespace syndr {
namespace {

constexpr int kCells = 32;  // along each axis of the look-up table

// The colour nearest to the centre of each cell; the lower number wins ties.
std::vector<std::uint8_t> nearest_colors(const std::vector<Color>& palette) {
    std::vector<std::uint8_t> nearest(kCells * kCells * kCells);
    auto* cell = nearest.data();
    for (int r = 4; r < 256; r += 8)
        for (int g = 4; g < 256; g += 8, cell += kCells) {
            std::array<std::int32_t, kCells> distance;
            distance.fill(std::numeric_limits<std::int32_t>::max());
            for (std::size_t number = 0; number < palette.size(); ++number) {
                const auto& [red, green, blue] = palette[number];
                const std::int32_t rest = (r - red) * (r - red) + (g - green) * (g - green);
                for (int b = 0; b < kCells; ++b) {
                    const std::int32_t off = 8 * b + 4 - blue, total = rest + off * off;
                    const bool closer = total < distance[std::size_t(b)];
                    distance[std::size_t(b)] = closer ? total : distance[std::size_t(b)];
                    cell[b] = closer ? std::uint8_t(number) : cell[b];
                }
            }
        }
    return nearest;
}

// weight * error / 16, rounded half away from zero.
std::int32_t share(std::int32_t error, std::int32_t weight) {
    return (weight * error + 8 - (error < 0)) >> 4;
}

}  // namespace

void dither_down_columns(const Picture& picture, const std::vector<Color>& palette, std::uint8_t* planes) {
    const std::vector<std::uint8_t> nearest = nearest_colors(palette);
    const std::size_t height = picture.height, width = picture.width, size = height * width;
    // Errors handed to the column on the right: row y at y + 1, so that both ends have room for what is dropped.
    std::vector<Color> incoming(height + 2, Color{}), outgoing(height + 2, Color{});
    for (std::size_t x = 0; x < width; ++x) {
        std::fill(outgoing.begin(), outgoing.end(), Color{});
        Color below{};
        for (std::size_t y = 0; y < height; ++y) {
            const std::size_t at = y * width + x;
            Color value;
            for (std::size_t c = 0; c < 3; ++c)
                value[c] = std::clamp(picture.planes[c * size + at] + incoming[y + 1][c] + below[c], 0, 255);
            const std::size_t cell = std::size_t(((value[0] >> 3) * kCells + (value[1] >> 3)) * kCells + (value[2] >> 3));
            const Color& color = palette[nearest[cell]];
            for (std::size_t c = 0; c < 3; ++c) {
                const std::int32_t error = value[c] - color[c];
                planes[c * size + at] = std::uint8_t(color[c]);
                below[c] = share(error, 7);
                outgoing[y][c] += share(error, 3);
                outgoing[y + 1][c] += share(error, 5);
                outgoing[y + 2][c] += share(error, 1);
            }
        }
        incoming.swap(outgoing);
    }
}

}  // namespace syndr
