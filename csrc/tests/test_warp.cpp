// Jitter: no displacement keeps a picture, whole ones move it, a plane stays a plane, and every place is in bounds.
#include "distort/warp.hpp"

#include "pixels.hpp"

namespace {

template <class T>
std::vector<T> jittered(const std::vector<T>& image, const std::vector<T>& normal, std::size_t height, std::size_t width,
                        T sigma, const syndr::PixelKernels& kernels, unsigned threads) {
    std::vector<T> out(image.size());
    syndr::Job job(threads);
    const std::size_t passes = normal.size() / (2 * height * width);
    syndr::Jitter<T>(height, width, passes, sigma, kernels.of<T>(), job).run(image.data(), normal.data(), out.data());
    return out;
}

template <class T>
void one_size(const syndr::PixelKernels& kernels, std::size_t height, std::size_t width, unsigned threads) {
    const std::size_t size = height * width;
    const auto image = syndr::test::random_values<T>(3 * size, 3);
    CHECK(jittered(image, std::vector<T>(10 * size), height, width, T(1), kernels, threads) == image);

    std::vector<T> down(2 * size);  // one pass: each pixel from one row above
    std::fill_n(down.begin(), size, T(1));
    const auto moved = jittered(image, down, height, width, T(1), kernels, threads);
    for (std::size_t k = 0; k < moved.size(); ++k) {
        const std::size_t y = k % size / width;
        if (y > 0) CHECK(moved[k] == image[k - width]);  // what is above the first row is the padding's business
    }

    const auto wild = syndr::test::random_values<T>(10 * size, 4, -6, 6);
    for (const T value : jittered(image, wild, height, width, T(1.5), kernels, threads)) CHECK(std::isfinite(value));
    CHECK(jittered(image, wild, height, width, T(1.5), kernels, 1) ==
          jittered(image, wild, height, width, T(1.5), kernels, 4));
}

// Away from the border, bicubic weights reproduce a plane: the value at the displaced place itself.
template <class T>
void plane_stays(const syndr::PixelKernels& kernels) {
    constexpr std::size_t kSide = 40;
    std::vector<T> image(3 * kSide * kSide);
    for (std::size_t k = 0; k < image.size(); ++k)
        image[k] = T(0.01 * double(k / kSide % kSide) + 0.003 * double(k % kSide));
    const auto normal = syndr::test::random_values<T>(2 * kSide * kSide, 6, -2, 2);
    const auto out = jittered(image, normal, kSide, kSide, T(0.5), kernels, 1);
    for (std::size_t y = 5; y < kSide - 5; ++y)
        for (std::size_t x = 5; x < kSide - 5; ++x) {
            const std::size_t k = y * kSide + x;
            const double down = 0.5 * double(normal[k]), right = 0.5 * double(normal[kSide * kSide + k]);
            const double expected = 0.01 * (double(y) - down) + 0.003 * (double(x) - right);
            CHECK(std::fabs(double(out[k]) - expected) <= 2 * syndr::test::kRounding<T>);
        }
}

}  // namespace

int main() {
    syndr::test::with_every_kernel([](const syndr::PixelKernels& kernels, auto value) {
        using T = decltype(value);
        one_size<T>(kernels, 1, 1, 1);
        one_size<T>(kernels, 5, 3, 2);
        one_size<T>(kernels, 17, 131, 3);
        plane_stays<T>(kernels);
    });
}
