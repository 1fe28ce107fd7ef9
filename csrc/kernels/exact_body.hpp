// The deciding sums, written once. An instruction set's source file defines Eight, the lanes: loading values of each
// scalar (an overload for each), storing, and adding the products of two.
// Everything has internal linkage: the same code compiled for two machines must never be merged by the linker.
#pragma once

#include <cstring>

#include "kernels/exact.hpp"

namespace syndr {
namespace {

template <class Stored>
constexpr std::size_t kStoredBytes = sizeof(typename Stored::Bits);

// The last values of a row, zeros behind them: they add nothing to lanes, which never hold a negative zero.
template <class Eight, class Stored>
Eight load_rest(const std::byte* from, std::size_t count) {
    std::byte rest[kExactLanes * kStoredBytes<Stored>] = {};
    std::memcpy(rest, from, count * kStoredBytes<Stored>);
    return Eight::load(Stored{}, rest);
}

template <class Eight, class Stored>
void widen(const std::byte* row, std::size_t dims, double* out) {
    std::size_t k = 0;
    for (; k + kExactLanes <= dims; k += kExactLanes) Eight::load(Stored{}, row + k * kStoredBytes<Stored>).store(out + k);
    if (k == dims) return;
    double rest[kExactLanes];
    load_rest<Eight, Stored>(row + k * kStoredBytes<Stored>, dims - k).store(rest);
    std::memcpy(out + k, rest, (dims - k) * sizeof(double));
}

// Several rows at once: a row's lanes wait for each other, those of others do not.
template <class Eight, class Stored, std::size_t kRows>
void dots_of(const double* a, const std::byte* const* rows, std::size_t dims, double* out) {
    constexpr std::size_t kBytes = kStoredBytes<Stored>;
    Eight sums[kRows] = {};
    std::size_t k = 0;
    for (; k + kExactLanes <= dims; k += kExactLanes) {
        const Eight values = Eight::load(Double{}, reinterpret_cast<const std::byte*>(a + k));
        for (std::size_t r = 0; r < kRows; ++r) sums[r].add(values, Eight::load(Stored{}, rows[r] + k * kBytes));
    }
    if (k < dims) {
        const Eight values = load_rest<Eight, Double>(reinterpret_cast<const std::byte*>(a + k), dims - k);
        for (std::size_t r = 0; r < kRows; ++r)
            sums[r].add(values, load_rest<Eight, Stored>(rows[r] + k * kBytes, dims - k));
    }
    for (std::size_t r = 0; r < kRows; ++r) {
        double lane[kExactLanes];
        sums[r].store(lane);
        out[r] = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    }
}

template <class Eight, class Stored>
void dots(const double* a, const std::byte* const* rows, std::size_t count, std::size_t dims, double* out) {
    constexpr std::size_t kTogether = 4;
    std::size_t r = 0;
    for (; r + kTogether <= count; r += kTogether) dots_of<Eight, Stored, kTogether>(a, rows + r, dims, out + r);
    for (; r < count; ++r) dots_of<Eight, Stored, 1>(a, rows + r, dims, out + r);
}

template <class Eight>
constexpr ExactKernels kExactKernels = {{{&widen<Eight, Half>, &dots<Eight, Half>},
                                         {&widen<Eight, Brain>, &dots<Eight, Brain>},
                                         {&widen<Eight, Single>, &dots<Eight, Single>},
                                         {&widen<Eight, Double>, &dots<Eight, Double>}}};

}  // namespace
}  // namespace syndr
