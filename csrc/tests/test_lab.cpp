// Colour conversion: known colours, and there and back.
#include "distort/lab.hpp"

#include "pixels.hpp"

namespace {

// The sRGB primaries relative to D65 white, as syndr/distort/colorspace.py has them.
const double kToXyz[9] = {0.43394998168242255, 0.37620974638222027, 0.18984027193535716,
                          0.2126728514056225,  0.7151521552878178,  0.07217499330655956,
                          0.01775657869670132, 0.10946798479221086, 0.8727754365110878};
const double kFromXyz[9] = {3.079954467464594,    -1.5371385127977166,  -0.542815954666877,
                            -0.9212582840142651,  1.8760108454466944,   0.045247438567570825,
                            0.052887411823709776, -0.20402591351675384, 1.151138501693044};

template <class T>
void convert(std::vector<T>& colors, std::size_t images, bool to_lab, const syndr::PixelKernels& kernels, unsigned threads) {
    const auto& own = kernels.of<T>();
    std::vector<T> out(colors.size());
    syndr::Job job(threads);
    syndr::convert_colors(colors.data(), out.data(), images, colors.size() / (3 * images), to_lab ? kToXyz : kFromXyz,
                          to_lab ? own.rgb_to_lab : own.lab_to_rgb, job);
    colors.swap(out);
}

template <class T>
void known(const syndr::PixelKernels& kernels) {
    std::vector<T> colors = {1, 1, 0, 0.5, 1, 0, 0, 0.5, 1, 0, 0, 0.5};  // planes of white, red, black, grey
    convert(colors, 1, true, kernels, 1);
    const double expected[12] = {100, 53.24, 0, 53.39, 0, 80.09, 0, 0, 0, 67.20, 0, 0};
    for (std::size_t k = 0; k < 12; ++k) CHECK(std::fabs(double(colors[k]) - expected[k]) < 0.02);
}

template <class T>
void there_and_back(const syndr::PixelKernels& kernels, std::size_t images, std::size_t pixels, unsigned threads) {
    const auto given = syndr::test::random_values<T>(images * 3 * pixels, 5);
    auto colors = given;
    convert(colors, images, true, kernels, threads);
    convert(colors, images, false, kernels, threads);
    const double tolerance = sizeof(T) == sizeof(float) ? 2e-6 : 1e-9;  // the curves' constants fit to nine digits
    for (std::size_t k = 0; k < given.size(); ++k)
        CHECK(std::fabs(double(colors[k]) - double(given[k])) < tolerance);
}

}  // namespace

int main() {
    syndr::test::with_every_kernel([](const syndr::PixelKernels& kernels, auto value) {
        using T = decltype(value);
        known<T>(kernels);
        for (const std::size_t pixels : {1u, 7u, 8u, 33u, 8193u}) there_and_back<T>(kernels, 2, pixels, 1 + pixels % 3);
    });
}
