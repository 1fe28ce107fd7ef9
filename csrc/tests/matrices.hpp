// Test inputs with their views and norms, and the distance written the naive way.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "matrix_view.hpp"
#include "unit_rows.hpp"

namespace syndr::test {

// A float32 matrix that owns its values. `reversed` lays rows and columns out backwards: negative strides.
class Matrix {
public:
    Matrix(std::size_t rows, std::size_t dims, bool reversed = false)
        : rows_(rows), dims_(dims), reversed_(reversed), values_(rows * dims) {}

    float& at(std::size_t row, std::size_t dim) {
        return reversed_ ? values_[(rows_ - 1 - row) * dims_ + (dims_ - 1 - dim)] : values_[row * dims_ + dim];
    }

    std::size_t rows() const { return rows_; }
    std::size_t dims() const { return dims_; }

    MatrixView view() {
        const std::ptrdiff_t sign = reversed_ ? -1 : 1, size = sizeof(float);
        return {reinterpret_cast<const std::byte*>(&at(0, 0)), rows_, dims_, sign * size * std::ptrdiff_t(dims_),
                sign * size, Scalar::f32};
    }

    std::vector<double> norms() {
        Job job(1);
        return squared_norms(view(), choose_kernel(""), job);
    }

    double distance(std::size_t i, std::size_t j) { return distance(i, *this, j); }

    double distance(std::size_t i, Matrix& other, std::size_t j) {
        double dot = 0, a = 0, b = 0;
        for (std::size_t k = 0; k < dims_; ++k) {
            dot += double(at(i, k)) * other.at(j, k);
            a += double(at(i, k)) * at(i, k);
            b += double(other.at(j, k)) * other.at(j, k);
        }
        return 1 - dot / std::sqrt(a * b);
    }

private:
    std::size_t rows_, dims_;
    bool reversed_;
    std::vector<float> values_;
};

// Rows scattered around `centres` directions, with some rows repeated exactly and at other lengths.
inline Matrix clustered(std::size_t rows, std::size_t dims, std::size_t centres, unsigned seed, bool reversed = false) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    Matrix centre(centres, dims), made(rows, dims, reversed);
    for (std::size_t c = 0; c < centres; ++c)
        for (std::size_t k = 0; k < dims; ++k) centre.at(c, k) = normal(random);
    for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t c = random() % centres, twin = r == 0 ? 0 : random() % r;
        const bool copied = r > 0 && random() % 10 == 0;
        const float length = copied && r % 2 ? 3.0f : 1.0f, spread = 0.1f + 0.1f * float(random() % 5);
        for (std::size_t k = 0; k < dims; ++k)
            made.at(r, k) = copied ? length * made.at(twin, k) : centre.at(c, k) + spread * normal(random);
    }
    return made;
}

inline std::vector<double> random_labels(std::size_t rows, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<double> labels(rows);
    for (double& label : labels) label = double(random() % 101) / 10;  // many gaps of exactly 1
    return labels;
}

}  // namespace syndr::test
