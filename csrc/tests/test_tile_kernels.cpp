// Every kernel this CPU can run against double sums: within the proven error, and not one float outside its tile.
#include <cmath>
#include <cstring>
#include <random>
#include <stdexcept>

#include "check.hpp"
#include "kernels/kernel.hpp"
#include "matrices.hpp"

namespace {

using syndr::test::Matrix;

void one_shape(const syndr::Kernel& kernel, Matrix& a, Matrix& b, std::size_t count_a, std::size_t count_b) {
    syndr::Job job(1);
    const auto norms_a = a.norms(), norms_b = b.norms();
    const syndr::UnitRows unit_a(a.view(), norms_a.data(), {}, kernel, job);
    const syndr::UnitRows unit_b(b.view(), norms_b.data(), {}, kernel, job);
    const std::size_t stride = unit_a.stride(), ld = count_b + 3;
    const float untouched = 42;
    std::vector<float> out(count_a * ld + 5, untouched);
    kernel.tile.products(unit_a.row(0), count_a, unit_b.row(0), count_b, stride, out.data(), ld);
    const double error = syndr::product_error(kernel.tile, stride);
    for (std::size_t at = 0; at < out.size(); ++at) {
        const std::size_t i = at / ld, j = at % ld;
        if (i >= count_a || j >= count_b)
            CHECK(out[at] == untouched);
        else
            CHECK(std::fabs(double(out[at]) - (1 - a.distance(i, b, j))) <= error);
    }
}

// Equal positive entries make every rounding of a running sum point the same way: the worst there is.
Matrix constant(std::size_t rows, std::size_t dims) {
    Matrix made(rows, dims);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t k = 0; k < dims; ++k) made.at(r, k) = 1.0f + float(r) / 8;
    return made;
}

}  // namespace

int main() {
    const auto kernels = syndr::available_kernels();
    CHECK(!kernels.empty() && std::strcmp(kernels.back().name, "portable") == 0);
    CHECK(std::strcmp(syndr::choose_kernel("").name, kernels.front().name) == 0);
    for (const syndr::Kernel& kernel : kernels) {
        CHECK(std::strcmp(syndr::choose_kernel(kernel.name).name, kernel.name) == 0);
        for (const std::size_t dims : {1u, 15u, 16u, 17u, 64u, 100u}) {
            auto a = syndr::test::clustered(9, dims, 2, 1), b = syndr::test::clustered(13, dims, 2, 2, true);
            for (std::size_t count_a = 1; count_a <= 9; ++count_a)
                for (std::size_t count_b = 1; count_b <= 13; ++count_b) one_shape(kernel, a, b, count_a, count_b);
        }
        for (const std::size_t dims : {2048u, 5000u, 65536u}) {
            auto near = syndr::test::clustered(5, dims, 1, 3), flat = constant(5, dims);
            one_shape(kernel, near, near, 5, 5);
            one_shape(kernel, flat, flat, 5, 5);
            one_shape(kernel, near, flat, 5, 5);
        }
    }
    bool refused = false;
    try {
        syndr::choose_kernel("abacus");
    } catch (const std::invalid_argument& error) {
        refused = std::strstr(error.what(), "portable") != nullptr;
    }
    CHECK(refused);
}
