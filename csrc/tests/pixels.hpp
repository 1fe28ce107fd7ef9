// What the tests of the distortion kernels share: values, and a way to run a test with every kernel and precision.
#pragma once

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "check.hpp"
#include "distort/pixel_kernels.hpp"
#include "kernels/kernel.hpp"

namespace syndr::test {

template <class T>
std::vector<T> random_values(std::size_t count, unsigned seed, double low = 0, double high = 1) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<double> uniform(low, high);
    std::vector<T> values(count);
    for (T& value : values) value = T(uniform(generator));
    return values;
}

// Largest error that rounding to T may bring into sums of numbers about 1.
template <class T>
constexpr double kRounding = sizeof(T) == sizeof(float) ? 1e-6 : 1e-14;

// test(kernels, value of the precision) for every instruction set this CPU has, in float and in double.
template <class Test>
void with_every_kernel(Test test) {
    for (const Kernel& kernel : available_kernels()) {
        test(*kernel.pixels, float{});
        test(*kernel.pixels, double{});
    }
}

}  // namespace syndr::test
