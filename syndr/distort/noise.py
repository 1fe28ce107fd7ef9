"""Noise: white (type 11), white in YCbCr (type 12), impulse (type 13) and multiplicative (type 14)."""

from __future__ import annotations

import math

from torch import Tensor

from syndr.distort.colorspace import rgb_to_ycbcr, ycbcr_to_rgb
from syndr.distort.parameters import Parameter, across, changed
from syndr.distort.random import Stream
from syndr.errors import InputError


def white_noise(images: Tensor, variance: Parameter, normal: Tensor) -> Tensor:
    """Add gaussian noise, independent in every sample and channel (SPEC section 4, type 11).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1]; not modified.
        variance: Of the noise, >= 0.
        normal: Standard normal draws of the images' shape.

    Returns:
        Tensor of the same shape and dtype, clamped to [0, 1].

    Raises:
        InputError: When the draws have another shape.
    """
    _check("white noise", images, normal)
    return (normal.to(images.dtype) * across(changed(variance, math.sqrt), images)).add_(images).clamp_(0, 1)


def ycbcr_noise(images: Tensor, variance: Parameter, normal: Tensor) -> Tensor:
    """Add gaussian noise to all three planes of YCbCr, luma too (SPEC section 4, type 12).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1]; not modified.
        variance: Of the noise in each plane, >= 0.
        normal: Standard normal draws of the images' shape, for Y, Cb and Cr.

    Returns:
        Tensor of the same shape and dtype, clamped to [0, 1] as the noisy planes are.

    Raises:
        InputError: When the draws have another shape.
    """
    _check("white noise in color component", images, normal)
    return ycbcr_to_rgb(white_noise(rgb_to_ycbcr(images), variance, normal))


def impulse_noise(images: Tensor, density: Parameter, uniform: Tensor) -> Tensor:
    """Set samples to 0 or 1, each channel alone, so that specks are coloured (SPEC section 4, type 13).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1], float64 as most samples keep 8-bit values; not modified.
        density: Share of the samples that are hit, half of them black.
        uniform: Draws in [0, 1) of the images' shape.

    Returns:
        Tensor of the same shape and dtype.

    Raises:
        InputError: When the draws have another shape.
    """
    _check("impulse noise", images, uniform)
    uniform = uniform.double()  # a threshold decides: float64 (SPEC section 5)
    threshold = across(density, uniform)
    return images.masked_fill(uniform < threshold, 1).masked_fill_(uniform < threshold / 2, 0)


def multiplicative_noise(images: Tensor, variance: Parameter, uniform: Tensor) -> Tensor:
    """Add to every sample a uniformly distributed share of itself (SPEC section 4, type 14).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1]; not modified.
        variance: Of the share, >= 0.
        uniform: Draws in [0, 1) of the images' shape.

    Returns:
        Tensor of the same shape and dtype, clamped to [0, 1].

    Raises:
        InputError: When the draws have another shape.
    """
    _check("multiplicative noise", images, uniform)
    share = (
        (uniform - 0.5).to(images.dtype).mul_(across(changed(variance, lambda value: math.sqrt(12 * value)), images))
    )
    return share.mul_(images).add_(images).clamp_(0, 1)


def draw_normal(stream: Stream, height: int, width: int) -> Tensor:
    """Draw one standard normal number per pixel and channel: float32 (B, 3, H, W)."""
    return stream.normal((3, height, width))


def draw_uniform(stream: Stream, height: int, width: int) -> Tensor:
    """Draw one uniform number in [0, 1) per pixel and channel: float64 (B, 3, H, W)."""
    return stream.uniform((3, height, width))


def _check(name: str, images: Tensor, draws: Tensor) -> None:
    if draws.shape != images.shape:
        raise InputError(f"{name}: images of shape {tuple(images.shape)} need as many draws; got {tuple(draws.shape)}")
