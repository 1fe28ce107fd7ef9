#include "exact_distance.hpp"

#include <cmath>

namespace syndr {

double dot64(const double* a, const double* b, std::size_t dims) {
    constexpr std::size_t kLanes = 8;  // part of the definition: changing it changes last bits everywhere
    double lanes[kLanes] = {};
    const std::size_t whole = dims - dims % kLanes;
    for (std::size_t k = 0; k < whole; k += kLanes)
        for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[k + lane] * b[k + lane];
    for (std::size_t k = whole; k < dims; ++k) lanes[k - whole] += a[k] * b[k];
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

double cosine_distance(double dot, double squared_norm_a, double squared_norm_b) {
    return 1.0 - dot / (std::sqrt(squared_norm_a) * std::sqrt(squared_norm_b));
}

}  // namespace syndr
