// The generator against the published known answers of Philox4x32-10, and a sample's numbers against their blocks.
#include "distort/random.hpp"

#include "pixels.hpp"

namespace {

// Block 0 of key 0 and draw, type and level 0: counter and key all zeros (Random123's kat_vectors).
const double kZeros[4] = {double(0x6627e8d5u), double(0xe169c58du), double(0xbc57ac4cu), double(0x9b00dbd8u)};

void known_answer(const syndr::RandomKernels& kernels) {
    double found[4];
    kernels.uniform({0, 0, 0, 0}, 0, 1, found);
    for (std::size_t k = 0; k < 4; ++k) CHECK(found[k] == kZeros[k] / 4294967296.0);
}

void beginning_of_a_longer_sequence(const syndr::PixelKernels& kernels, std::size_t count, unsigned threads) {
    const std::int64_t seeds[2] = {-1, 7};
    std::vector<double> numbers(2 * count), longer(2 * (count + 70000));
    syndr::Job job(threads);
    syndr::draw_numbers(seeds, 2, {0, 1, 19, 5}, count, numbers.data(), kernels.random.uniform, job);
    syndr::draw_numbers(seeds, 2, {0, 1, 19, 5}, count + 70000, longer.data(), kernels.random.uniform, job);
    for (std::size_t sample = 0; sample < 2; ++sample)
        for (std::size_t k = 0; k < count; ++k) {
            const double number = numbers[sample * count + k];
            CHECK(number == longer[sample * (count + 70000) + k] && number >= 0 && number < 1);
        }
}

// Box-Muller: pairs of words give pairs of numbers.
void normal_numbers(const syndr::RandomKernels& kernels) {
    constexpr std::size_t kBlocks = 3000;
    std::vector<double> uniform(4 * kBlocks);
    std::vector<float> normal(4 * kBlocks);
    kernels.uniform({99, 2, 11, 3}, 17, kBlocks, uniform.data());
    kernels.normal({99, 2, 11, 3}, 17, kBlocks, normal.data());
    for (std::size_t k = 0; k < normal.size(); k += 2) {
        const double radius = std::sqrt(-2 * std::log(uniform[k] + std::exp2(-32.0)));
        const double angle = 6.283185307179586 * uniform[k + 1];
        CHECK(std::fabs(double(normal[k]) - radius * std::cos(angle)) < 1e-6);
        CHECK(std::fabs(double(normal[k + 1]) - radius * std::sin(angle)) < 1e-6);
    }
}

}  // namespace

int main() {
    for (const syndr::Kernel& kernel : syndr::available_kernels()) {
        known_answer(kernel.pixels->random);
        normal_numbers(kernel.pixels->random);
        for (const std::size_t count : {1u, 3u, 4u, 5u, 255u, 256u, 257u, 32768u, 32771u})
            beginning_of_a_longer_sequence(*kernel.pixels, count, 1 + count % 3);
    }
}
