// Xiaolin Wu, "Efficient statistical computations for optimal color quantization", Graphics Gems II (1991): greedy
// orthogonal bipartition. Where it computes in float, so does this, in the same order: its ties decide palettes.
#include <algorithm>

#include "distort/color_quantizer.hpp"

namespace syndr {
namespace {

constexpr int kCells = 32;  // along each axis of the histogram; index 0 of a table is the empty margin
constexpr int kSide = kCells + 1;

template <class T>
class Table {
public:
    Table() : values_(kSide * kSide * kSide) {}
    T& at(int r, int g, int b) { return values_[std::size_t((r * kSide + g) * kSide + b)]; }
    const T& at(int r, int g, int b) const { return values_[std::size_t((r * kSide + g) * kSide + b)]; }

    // Replaces each entry by the sum over all entries that are not beyond it on any axis.
    void accumulate() {
        std::array<T, kSide> area;
        for (int r = 1; r < kSide; ++r) {
            area.fill(0);
            for (int g = 1; g < kSide; ++g) {
                T line = 0;
                for (int b = 1; b < kSide; ++b) {
                    line += at(r, g, b);
                    area[std::size_t(b)] += line;
                    at(r, g, b) = at(r - 1, g, b) + area[std::size_t(b)];
                }
            }
        }
    }

private:
    std::vector<T> values_;
};

// Cells low[axis] < cell <= high[axis]; axes are R, G, B.
struct Box {
    std::array<int, 3> low{0, 0, 0}, high{kCells, kCells, kCells};

    bool is_one_cell() const {
        return high[0] - low[0] == 1 && high[1] - low[1] == 1 && high[2] - low[2] == 1;
    }
};

template <class T>
T volume(const Box& box, const Table<T>& table) {
    const auto& [r0, g0, b0] = box.low;
    const auto& [r1, g1, b1] = box.high;
    return table.at(r1, g1, b1) - table.at(r1, g1, b0) - table.at(r1, g0, b1) + table.at(r1, g0, b0) -
           table.at(r0, g1, b1) + table.at(r0, g1, b0) + table.at(r0, g0, b1) - table.at(r0, g0, b0);
}

struct Moments {
    Table<std::int64_t> count;
    std::array<Table<std::int64_t>, 3> sums;
    Table<float> squares;

    explicit Moments(const Picture& picture) {
        for (std::size_t x = 0; x < picture.width; ++x)  // in MATLAB's memory order, as float sums depend on it
            for (std::size_t y = 0; y < picture.height; ++y) {
                const std::size_t at = y * picture.width + x;
                const int r = picture.plane(0)[at], g = picture.plane(1)[at], b = picture.plane(2)[at];
                const int i = (r >> 3) + 1, j = (g >> 3) + 1, k = (b >> 3) + 1;
                ++count.at(i, j, k);
                sums[0].at(i, j, k) += r;
                sums[1].at(i, j, k) += g;
                sums[2].at(i, j, k) += b;
                squares.at(i, j, k) += float(r * r + g * g + b * b);
            }
        count.accumulate();
        for (auto& sum : sums) sum.accumulate();
        squares.accumulate();
    }

    float squared_sum(const Box& box) const {
        float squared = 0;
        for (const auto& sum : sums) {
            const float total = float(volume(box, sum));
            squared += total * total;
        }
        return squared;
    }

    float variance(const Box& box) const {
        if (box.is_one_cell()) return 0;
        return volume(box, squares) - squared_sum(box) / float(volume(box, count));
    }
};

struct Plane {
    float gain = 0;
    int axis = -1, cut = -1;
};

Plane best_plane(const Box& box, int axis, const Moments& moments) {
    Plane best{0, axis, -1};
    const auto side = std::size_t(axis);
    Box lower = box, upper = box;
    for (int cut = box.low[side] + 1; cut < box.high[side]; ++cut) {
        lower.high[side] = upper.low[side] = cut;
        const std::int64_t below = volume(lower, moments.count), above = volume(upper, moments.count);
        if (below == 0 || above == 0) continue;
        const float gain = moments.squared_sum(lower) / float(below) + moments.squared_sum(upper) / float(above);
        if (gain > best.gain) best = {gain, axis, cut};
    }
    return best;
}

// Splits off the upper part of a box; false when it cannot be split.
bool split(Box& box, Box& upper, const Moments& moments) {
    Plane best = best_plane(box, 0, moments);
    for (const int axis : {1, 2}) {
        const Plane plane = best_plane(box, axis, moments);
        if (plane.gain > best.gain) best = plane;
    }
    if (best.cut < 0) return false;
    const auto side = std::size_t(best.axis);
    upper = box;
    box.high[side] = upper.low[side] = best.cut;
    return true;
}

}  // namespace

std::vector<Color> wu_palette(const Picture& picture, std::size_t most) {
    const Moments moments(picture);
    std::vector<Box> boxes(1);
    std::vector<float> variances{1};  // the first box is split without being asked
    while (boxes.size() < most) {
        const auto widest = std::max_element(variances.begin(), variances.end());  // the first of equals
        if (*widest <= 0) break;
        const auto chosen = std::size_t(widest - variances.begin());
        Box upper;
        if (split(boxes[chosen], upper, moments)) {
            variances[chosen] = moments.variance(boxes[chosen]);
            boxes.push_back(upper);
            variances.push_back(moments.variance(upper));
        } else {
            variances[chosen] = 0;
        }
    }
    std::vector<Color> palette;
    palette.reserve(boxes.size());
    for (const Box& box : boxes) {
        const std::int64_t count = volume(box, moments.count);
        Color color;
        for (std::size_t c = 0; c < 3; ++c) color[c] = std::int32_t(volume(box, moments.sums[c]) / count);
        palette.push_back(color);
    }
    return palette;
}

}  // namespace syndr
