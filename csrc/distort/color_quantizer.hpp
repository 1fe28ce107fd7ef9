// KADID type 6: Wu's variance-minimising colour quantizer and Floyd-Steinberg dithering down the columns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace syndr {

// An 8-bit RGB picture, one plane after another.
struct Picture {
    const std::uint8_t* planes;
    std::size_t height, width;

    const std::uint8_t* plane(int channel) const { return planes + std::size_t(channel) * height * width; }
};

using Color = std::array<std::int32_t, 3>;

// At most `most` colours, at least one.
std::vector<Color> wu_palette(const Picture& picture, std::size_t most);

// Writes the planes of the picture in these colours (1 to 256 of them).
void dither_down_columns(const Picture& picture, const std::vector<Color>& palette, std::uint8_t* planes);

}  // namespace syndr
