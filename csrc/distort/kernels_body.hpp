// One instruction set's table of pixel kernels.
#pragma once

#include "distort/blur_body.hpp"
#include "distort/correlate_body.hpp"
#include "distort/lab_body.hpp"
#include "distort/random_body.hpp"
#include "distort/stretch_body.hpp"
#include "distort/warp_body.hpp"

namespace syndr {
namespace {

template <class T>
constexpr ImageKernels<T> kImageKernels = {
    &Stretch<T>::template measure<true>,
    &Stretch<T>::template measure<false>,
    &Stretch<T>::template spread<float>,
    &Stretch<T>::template spread<double>,
    &Stretch<T>::template settle<std::uint8_t>,
    &Stretch<T>::template settle<float>,
    &Stretch<T>::template settle<double>,
    &Lab<T>::template planes<&Lab<T>::from_rgb>,
    &Lab<T>::template planes<&Lab<T>::to_rgb>,
    &Blur<T>::across,
    &WeightedSum<T>::row,
    &Warp<T>::row,
};

constexpr PixelKernels kPixelKernels = {
    kImageKernels<float>,
    kImageKernels<double>,
    {&Random::sequence<double, &Random::fill_uniform>, &Random::sequence<float, &Random::fill_normal>},
};

}  // namespace
}  // namespace syndr
