// Compiler vectors for the pixel kernels; each instruction set's source file defines SYNDR_VECTOR_BYTES and includes it.
// Everything has internal linkage: the same code compiled for two machines must never be merged by the linker.
#pragma once

#include <cstddef>
#include <cstdint>

namespace syndr {
namespace {

constexpr int kLanes = SYNDR_VECTOR_BYTES / 8;  // doubles in a register

typedef double Doubles __attribute__((vector_size(SYNDR_VECTOR_BYTES)));
typedef std::int64_t Longs __attribute__((vector_size(SYNDR_VECTOR_BYTES)));

// `kCount` values of T, at any address.
template <class T, int kCount>
struct Values {
    typedef T Type __attribute__((vector_size(kCount * sizeof(T)), aligned(alignof(T))));
};

template <class T>
inline Doubles load(const T* from) {
    return __builtin_convertvector(*reinterpret_cast<const typename Values<T, kLanes>::Type*>(from), Doubles);
}

template <class T>
inline void store(Doubles values, T* to) {
    using Narrow = typename Values<T, kLanes>::Type;
    *reinterpret_cast<Narrow*>(to) = __builtin_convertvector(values, Narrow);
}

inline Longs bits(Doubles x) { return reinterpret_cast<Longs>(x); }
inline Doubles from_bits(Longs x) { return reinterpret_cast<Doubles>(x); }

// Exact conversion of integers in [0, 2^52): as the last bits of 2^52. (There is no instruction before AVX-512 DQ.)
constexpr double kShift = 4503599627370496.0;
inline Doubles to_doubles(Longs x) {
    const Longs shift = bits(Doubles{} + kShift);
    return from_bits(x | shift) - kShift;
}

}  // namespace
}  // namespace syndr
