// The separable blur and the two-dimensional correlation against double sums with replicated borders.
#include "distort/correlate.hpp"

#include "distort/blur.hpp"
#include "pixels.hpp"

namespace {

using syndr::test::random_values;

struct Shape {
    std::size_t planes, height, width;
};

template <class T>
double expected(const std::vector<T>& in, const Shape& shape, std::size_t plane, std::size_t y, std::size_t x,
                const syndr::SmallKernel& kernel) {
    double sum = 0;
    for (std::size_t row = 0; row < kernel.rows; ++row)
        for (std::size_t column = 0; column < kernel.columns; ++column) {
            const auto at = [](std::size_t place, std::size_t tap, std::size_t taps, std::size_t size) {
                return std::clamp(place + tap, taps / 2, size - 1 + taps / 2) - taps / 2;
            };
            const std::size_t from = at(y, row, kernel.rows, shape.height), left = at(x, column, kernel.columns, shape.width);
            sum += kernel.weights[row * kernel.columns + column] * double(in[(plane * shape.height + from) * shape.width + left]);
        }
    return sum;
}

template <class T>
void compare(const std::vector<T>& in, const std::vector<T>& out, const Shape& shape, const syndr::SmallKernel& kernel) {
    for (std::size_t plane = 0; plane < shape.planes; ++plane)
        for (std::size_t y = 0; y < shape.height; ++y)
            for (std::size_t x = 0; x < shape.width; ++x) {
                const double found = double(out[(plane * shape.height + y) * shape.width + x]);
                CHECK(std::fabs(found - expected(in, shape, plane, y, x, kernel)) <= 2 * syndr::test::kRounding<T>);
            }
}

std::vector<double> weights(std::size_t count, unsigned seed) {
    auto made = random_values<double>(count, seed);
    double sum = 0;
    for (const double weight : made) sum += weight;
    for (double& weight : made) weight /= sum;
    if (count > 4) made[1] = 0;  // as the corners of a disc are
    return made;
}

template <class T>
void one_shape(const syndr::PixelKernels& kernels, const Shape& shape, unsigned threads) {
    const auto in = random_values<T>(shape.planes * shape.height * shape.width, 1);
    std::vector<T> out(in.size());
    syndr::Job job(threads);
    for (const std::size_t taps : {1u, 3u, 17u, 81u}) {
        const auto line = weights(taps, unsigned(taps));
        syndr::blur_planes(in.data(), out.data(), shape.planes, shape.height, shape.width, line, kernels.of<T>(), job);
        std::vector<double> square(taps * taps);
        for (std::size_t k = 0; k < square.size(); ++k) square[k] = line[k / taps] * line[k % taps];
        compare(in, out, shape, {square.data(), taps, taps});
    }
    for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{1, 1}, {3, 5}, {17, 17}, {1, 21}}) {
        const auto kernel = weights(rows * columns, 7);
        const syndr::SmallKernel small{kernel.data(), rows, columns};
        syndr::correlate_planes(in.data(), out.data(), shape.planes, shape.height, shape.width, small, kernels.of<T>(), job);
        compare(in, out, shape, small);
    }
}

}  // namespace

int main() {
    syndr::test::with_every_kernel([](const syndr::PixelKernels& kernels, auto value) {
        for (const Shape& shape : {Shape{1, 1, 1}, {2, 1, 9}, {1, 9, 1}, {3, 13, 35}})
            for (const unsigned threads : {1u, 3u}) one_shape<decltype(value)>(kernels, shape, threads);
    });
}
