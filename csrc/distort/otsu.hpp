// KADID type 22: Otsu's thresholds where MATLAB's multithresh stops looking for them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace syndr {

using Histogram = std::array<std::int64_t, 256>;

// `count` grey levels 0..255 that split the histogram, which must not be empty.
std::vector<std::int64_t> otsu_thresholds(const Histogram& histogram, std::size_t count);

}  // namespace syndr
