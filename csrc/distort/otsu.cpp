#include "distort/otsu.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "distort/nelder_mead.hpp"

namespace syndr {
namespace {

constexpr std::int64_t kBins = 256;

// Cumulative weight and first moment, bins counted from 1.
struct Cumulative {
    std::array<double, kBins> weight, moment;

    explicit Cumulative(const Histogram& histogram) {
        const double pixels = double(std::accumulate(histogram.begin(), histogram.end(), std::int64_t{0}));
        double w = 0, m = 0;
        for (std::size_t bin = 0; bin < histogram.size(); ++bin) {
            const double share = double(histogram[bin]) / pixels;
            weight[bin] = w += share;
            moment[bin] = m += share * double(bin + 1);
        }
    }
};

std::int64_t half_away(double x) { return std::int64_t(std::round(x)); }

// Minus the variance between the classes; infinite when the thresholds are not in order or a class is empty.
double objective(const Point& thresholds, const Cumulative& cumulative) {
    const double infinity = std::numeric_limits<double>::infinity(), mean = cumulative.moment.back();
    double between = 0, weight = 0, moment = 0;
    std::int64_t before = 1;
    for (std::size_t k = 0; k <= thresholds.size(); ++k) {
        const std::int64_t end = k < thresholds.size() ? half_away(thresholds[k]) + 1 : kBins;
        if (end <= before || end > kBins) return infinity;
        const auto bin = std::size_t(end - 1);
        const double class_weight = cumulative.weight[bin] - weight, class_moment = cumulative.moment[bin] - moment;
        const double off = class_moment / class_weight - mean;
        between += class_weight * (off * off);
        weight = cumulative.weight[bin];
        moment = cumulative.moment[bin];
        before = end;
    }
    return std::isfinite(between) ? -between : infinity;
}

}  // namespace

std::vector<std::int64_t> otsu_thresholds(const Histogram& histogram, std::size_t count) {
    const Cumulative cumulative(histogram);
    Point start(count);
    for (std::size_t i = 0; i < count; ++i) start[i] = double((i + 1) * 255) / double(count + 1);
    NelderMead search([&](const Point& t) { return objective(t, cumulative); }, {1, 1e-4, 200 * count});
    std::vector<std::int64_t> thresholds;
    thresholds.reserve(count);
    for (const double t : search.minimise(start)) thresholds.push_back(half_away(t));
    return thresholds;
}

}  // namespace syndr
