// The kernels of syndr.distort for Python: images as contiguous arrays, results as new ones.
#include "bindings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>
#include <vector>

#include "distort/blur.hpp"
#include "distort/color_quantizer.hpp"
#include "distort/correlate.hpp"
#include "distort/lab.hpp"
#include "distort/otsu.hpp"
#include "distort/random.hpp"
#include "distort/stretch.hpp"
#include "distort/warp.hpp"

namespace syndr {
namespace {

using Bytes = py::array_t<std::uint8_t, py::array::c_style>;

// Calls work with a value of the array's own type.
template <class Work>
auto with_type(const py::array& array, const char* name, Work work) {
    if (!(array.flags() & py::array::c_style)) throw py::value_error(std::string(name) + " must be contiguous");
    if (array.dtype().is(py::dtype::of<float>())) return work(float{});
    if (array.dtype().is(py::dtype::of<double>())) return work(double{});
    throw py::type_error(std::string(name) + " must be float32 or float64");
}

// Images come as (count, rows, columns); `work` gets their values, those of the result, and the kernels for them.
template <class Work>
py::array with_result(const py::array& images, const char* name, Work work) {
    if (images.ndim() != 3 || images.size() == 0)
        throw py::value_error(std::string(name) + " must have three dimensions, none of them 0");
    return with_type(images, name, [&](auto value) -> py::array {
        using T = decltype(value);
        py::array_t<T> result(std::vector<py::ssize_t>(images.shape(), images.shape() + 3));
        const auto* from = static_cast<const T*>(images.data());
        T* const to = result.mutable_data();
        const auto& best = kernel().pixels->of<T>();
        {
            const py::gil_scoped_release release;
            work(from, to, best);
        }
        return result;  // as another type, which counts one more reference
    });
}

py::array convert(const py::array& colors, const Doubles& matrix, unsigned threads, bool to_lab) {
    if (matrix.size() != 9) throw py::value_error("matrix must have the shape (3, 3)");
    if (colors.ndim() == 3 && colors.shape(1) != 3) throw py::value_error("colors must have the shape (count, 3, pixels)");
    return with_result(colors, "colors", [&](const auto* from, auto* to, const auto& best) {
        Job work(threads);
        convert_colors(from, to, std::size_t(colors.shape(0)), std::size_t(colors.shape(2)), matrix.data(),
                              to_lab ? best.rgb_to_lab : best.lab_to_rgb, work);
    });
}

py::array rgb_to_lab(const py::array& rgb, const Doubles& matrix, unsigned threads) {
    return convert(rgb, matrix, threads, true);
}

py::array lab_to_rgb(const py::array& lab, const Doubles& matrix, unsigned threads) {
    return convert(lab, matrix, threads, false);
}

// Rows of 8-bit or float values, one image to a row.
template <class Work>
auto with_pixels(const py::array& images, Work work) {
    if (images.ndim() != 2 || images.size() == 0) throw py::value_error("images must have two dimensions, none of them 0");
    if (images.dtype().is(py::dtype::of<std::uint8_t>()) && (images.flags() & py::array::c_style))
        return work(std::uint8_t{});
    return with_type(images, "images", work);
}

py::tuple extremes(const py::array& images, unsigned threads) {
    const auto rows = images.shape(0), count = images.shape(1);
    Doubles low(rows), high(rows);
    py::array_t<bool> eight_bit(rows);
    double *const lows = low.mutable_data(), *const highs = high.mutable_data();
    bool* const flags = eight_bit.mutable_data();
    with_pixels(images, [&](auto value) {
        const auto* from = static_cast<const decltype(value)*>(images.data());
        const auto& best = *kernel().pixels;
        const py::gil_scoped_release release;
        Job(threads).run(std::size_t(rows), [&](std::size_t row, unsigned) {
            const auto found = measure(from + row * std::size_t(count), std::size_t(count), best);
            lows[row] = found.missing ? std::nan("") : found.low;
            highs[row] = found.missing ? std::nan("") : found.high;
            flags[row] = found.eight_bit;
        });
    });
    return py::make_tuple(low, high, eight_bit);
}

template <class U>
py::array_t<U> stretch(const py::array& images, const Doubles& low, const Doubles& high,
                       const py::array_t<bool, py::array::c_style>& eight_bit, unsigned threads) {
    const auto rows = std::size_t(images.shape(0)), count = std::size_t(images.shape(1));
    const double *const lows = values(low, rows, "low"), *const highs = values(high, rows, "high");
    if (eight_bit.ndim() != 1 || std::size_t(eight_bit.size()) != rows) throw py::value_error("eight_bit must have one entry per row");
    const bool* const flags = eight_bit.data();
    py::array_t<U> result({rows, count});
    U* const to = result.mutable_data();
    with_pixels(images, [&](auto value) {
        const auto* from = static_cast<const decltype(value)*>(images.data());
        const auto& best = *kernel().pixels;
        const py::gil_scoped_release release;
        Job(threads).run(rows, [&](std::size_t row, unsigned) {
            const Extremes range{lows[row], highs[row], flags[row], false};
            stretch(from + row * count, count, range, to + row * count, best);
        });
    });
    return result;
}

// Writes into `out`, which belongs to the caller.
void settle_into(const py::array& images, py::array out, unsigned threads) {
    if (images.ndim() != 2 || images.size() == 0) throw py::value_error("images must have two dimensions, none of them 0");
    if (out.ndim() != 2 || out.shape(0) != images.shape(0) || out.shape(1) != images.shape(1))
        throw py::value_error("out must have the shape of images");
    const auto rows = std::size_t(images.shape(0)), count = std::size_t(images.shape(1));
    with_type(images, "images", [&](auto value) {
        const auto* from = static_cast<const decltype(value)*>(images.data());
        with_pixels(out, [&](auto wanted) {
            auto* const to = static_cast<decltype(wanted)*>(out.mutable_data());
            const auto& best = *kernel().pixels;
            const py::gil_scoped_release release;
            Job(threads).run(rows, [&](std::size_t row, unsigned) {
                settle(from + row * count, count, to + row * count, best);
            });
        });
    });
}

py::array blur(const py::array& planes, const Doubles& taps, unsigned threads) {
    if (taps.ndim() != 1 || taps.size() % 2 == 0) throw py::value_error("taps must be one-dimensional, odd in number");
    const std::vector<double> weights(taps.data(), taps.data() + taps.size());
    return with_result(planes, "planes", [&](const auto* from, auto* to, const auto& best) {
        Job work(threads);
        blur_planes(from, to, std::size_t(planes.shape(0)), std::size_t(planes.shape(1)),
                           std::size_t(planes.shape(2)), weights, best, work);
    });
}

py::array correlate(const py::array& planes, const Doubles& weights, unsigned threads) {
    if (weights.ndim() != 2 || weights.shape(0) % 2 == 0 || weights.shape(1) % 2 == 0)
        throw py::value_error("weights must have two dimensions, both odd");
    const SmallKernel small{weights.data(), std::size_t(weights.shape(0)), std::size_t(weights.shape(1))};
    return with_result(planes, "planes", [&](const auto* from, auto* to, const auto& best) {
        Job work(threads);
        correlate_planes(from, to, std::size_t(planes.shape(0)), std::size_t(planes.shape(1)),
                         std::size_t(planes.shape(2)), small, best, work);
    });
}

// One image of three planes, and its displacements (2 * passes, rows, columns) in the same type.
py::array jitter(const py::array& image, const py::array& normal, double sigma, unsigned threads) {
    if (image.ndim() != 3 || image.shape(0) != 3) throw py::value_error("image must have the shape (3, rows, columns)");
    if (normal.ndim() != 3 || normal.shape(0) % 2 != 0 || normal.shape(0) == 0 || normal.shape(1) != image.shape(1) ||
        normal.shape(2) != image.shape(2) || !normal.dtype().is(image.dtype()) || !(normal.flags() & py::array::c_style))
        throw py::value_error("normal must be contiguous, (2 * passes, rows, columns), of the image's type");
    return with_result(image, "image", [&](const auto* from, auto* to, const auto& best) {
        using T = std::decay_t<decltype(*to)>;
        Job work(threads);
        Jitter<T>(std::size_t(image.shape(1)), std::size_t(image.shape(2)), std::size_t(normal.shape(0) / 2), T(sigma), best,
                  work)
            .run(from, static_cast<const T*>(normal.data()), to);
    });
}

template <class T, class Fill>
py::array_t<T> draw(const Longs& seeds, std::array<std::uint32_t, 3> counter, std::size_t count, unsigned threads,
                    Fill fill) {
    if (seeds.ndim() != 1) throw py::value_error("seeds must be one-dimensional");
    if (count > std::size_t{1} << 34) throw py::value_error("count must be at most 2**34, all blocks of a counter");
    const std::size_t samples = std::size_t(seeds.size());
    py::array_t<T> numbers({samples, count});
    const std::int64_t* words = seeds.data();
    T* const to = numbers.mutable_data();
    const py::gil_scoped_release release;
    Job work(threads);
    draw_numbers(words, samples, {0, counter[0], counter[1], counter[2]}, count, to, fill, work);
    return numbers;
}

Doubles draw_uniform(const Longs& seeds, std::array<std::uint32_t, 3> counter, std::size_t count, unsigned threads) {
    return draw<double>(seeds, counter, count, threads, kernel().pixels->random.uniform);
}

py::array_t<float> draw_normal(const Longs& seeds, std::array<std::uint32_t, 3> counter, std::size_t count,
                               unsigned threads) {
    return draw<float>(seeds, counter, count, threads, kernel().pixels->random.normal);
}

Bytes quantize_colors(const Bytes& pictures, std::size_t most, unsigned threads) {
    if (pictures.ndim() != 4 || pictures.shape(1) != 3 || pictures.size() == 0)
        throw py::value_error("pictures must have the shape (count, 3, height, width), nothing of it 0");
    if (most < 1 || most > 256) throw py::value_error("most must be 1 to 256 colours");
    const std::size_t height = std::size_t(pictures.shape(2)), width = std::size_t(pictures.shape(3));
    Bytes quantized(std::vector<py::ssize_t>(pictures.shape(), pictures.shape() + 4));
    const std::uint8_t* from = pictures.data();
    std::uint8_t* const to = quantized.mutable_data();
    const py::gil_scoped_release release;
    Job(threads).run(std::size_t(pictures.shape(0)), [&](std::size_t index, unsigned) {
        const std::size_t offset = index * 3 * height * width;
        const Picture picture{from + offset, height, width};
        dither_down_columns(picture, wu_palette(picture, most), to + offset);
    });
    return quantized;
}

Longs find_thresholds(const Longs& histograms, std::size_t count) {
    if (histograms.ndim() != 2 || histograms.shape(1) != py::ssize_t(Histogram{}.size()))
        throw py::value_error("histograms must have the shape (count, 256)");
    if (count < 1 || count > 254) throw py::value_error("count must be 1 to 254 thresholds");
    const std::size_t rows = std::size_t(histograms.shape(0));
    Longs found({rows, count});
    const std::int64_t* bins = histograms.data();
    std::int64_t* const to = found.mutable_data();
    const py::gil_scoped_release release;
    for (std::size_t row = 0; row < rows; ++row) {
        Histogram histogram;
        std::copy_n(bins + row * histogram.size(), histogram.size(), histogram.begin());
        const auto thresholds = otsu_thresholds(histogram, count);
        std::copy(thresholds.begin(), thresholds.end(), to + row * count);
    }
    return found;
}

}  // namespace

void bind_distort(py::module_& m) {
    using namespace py::literals;
    m.def("rgb_to_lab", &rgb_to_lab, "rgb"_a, "matrix"_a.noconvert(), "threads"_a);
    m.def("lab_to_rgb", &lab_to_rgb, "lab"_a, "matrix"_a.noconvert(), "threads"_a);
    m.def("extremes", &extremes, "images"_a, "threads"_a);
    m.def("stretch_to_f32", &stretch<float>, "images"_a, "low"_a.noconvert(), "high"_a.noconvert(),
          "eight_bit"_a.noconvert(), "threads"_a);
    m.def("stretch_to_f64", &stretch<double>, "images"_a, "low"_a.noconvert(), "high"_a.noconvert(),
          "eight_bit"_a.noconvert(), "threads"_a);
    m.def("settle_into", &settle_into, "images"_a, "out"_a, "threads"_a);
    m.def("blur", &blur, "planes"_a, "taps"_a.noconvert(), "threads"_a);
    m.def("correlate", &correlate, "planes"_a, "weights"_a.noconvert(), "threads"_a);
    m.def("jitter", &jitter, "image"_a, "normal"_a, "sigma"_a, "threads"_a);
    m.def("draw_uniform", &draw_uniform, "seeds"_a.noconvert(), "counter"_a, "count"_a, "threads"_a);
    m.def("draw_normal", &draw_normal, "seeds"_a.noconvert(), "counter"_a, "count"_a, "threads"_a);
    m.def("quantize_colors", &quantize_colors, "pictures"_a.noconvert(), "most"_a, "threads"_a);
    m.def("otsu_thresholds", &find_thresholds, "histograms"_a.noconvert(), "count"_a);
}

}  // namespace syndr
