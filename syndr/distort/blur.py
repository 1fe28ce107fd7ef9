"""Blurs: gaussian (type 1), lens (type 2) and motion (type 3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from syndr.distort import fused, native
from syndr.distort.parameters import Parameter, each, looked_up
from syndr.distort.random import Stream
from syndr.errors import InputError

_EPS = torch.finfo(torch.float64).eps

#: Makes the kernel of a parameter, (odd, odd) float64.
Kernel = Callable[[float], Tensor]


def gaussian_blur(images: Tensor, sigma: Parameter) -> Tensor:
    """Blur with a gaussian (SPEC section 4, type 1).

    Args:
        images: Float tensor (B, ..., H, W) of three or four dimensions in [0, 1], sRGB-encoded; not modified.
        sigma: Standard deviation in pixels, > 0; one for all or one for each image.

    Returns:
        Tensor of the same shape and dtype. Borders are replicated.
    """
    if native.takes(images) and not isinstance(sigma, Sequence):
        return native.blur(images, gaussian_taps(sigma))
    return _correlate_by(_correlate_by(images, sigma, _gaussian_row), sigma, _gaussian_column)


@lru_cache(1024)
def gaussian_taps(sigma: float) -> Tensor:
    """Give the one-dimensional gaussian of radius ceil(2 sigma), normalised to sum 1: float64 (2 radius + 1,).

    Taps below 2.2e-16 of the largest are 0 (SPEC section 3).
    """
    radius = math.ceil(2 * sigma)
    taps = torch.exp(-torch.arange(-radius, radius + 1, dtype=torch.float64).square() / (2 * sigma**2))
    taps[taps < _EPS] = 0
    return taps / taps.sum()


@lru_cache(1024)
def _gaussian_row(sigma: float) -> Tensor:
    return gaussian_taps(sigma)[None]


@lru_cache(1024)
def _gaussian_column(sigma: float) -> Tensor:
    return gaussian_taps(sigma)[:, None]


def lens_blur(images: Tensor, radius: Parameter) -> Tensor:
    """Blur with a disc (SPEC section 4, type 2).

    Args:
        images: Float tensor (B, ..., H, W) of three or four dimensions in [0, 1]; not modified.
        radius: Of the disc, in pixels, > 0; one for all or one for each image.

    Returns:
        Tensor of the same shape and dtype. Borders are replicated.
    """
    return _correlate_by(images, radius, disc_kernel)


@lru_cache(1024)
def disc_kernel(radius: float) -> Tensor:
    """Give the share of each pixel in a disc on the middle pixel's centre: float64 (odd, odd), summing to 1."""
    half = math.ceil(radius - 0.5)
    edges = torch.arange(-half, half + 2, dtype=torch.float64) - 0.5
    area = _disc_area(edges[:, None], edges[None, :], radius).diff(dim=0).diff(dim=1)
    return area / (math.pi * radius**2)


def _disc_area(x: Tensor, y: Tensor, radius: float) -> Tensor:
    """Give the area that a disc around the origin shares with the rectangle from there to (x, y).

    It has the sign of x y, so that differences of it are areas of any rectangle.
    """
    sign = x.sign() * y.sign()
    x, y = x.abs().clamp(max=radius), y.abs().clamp(max=radius)
    # The rectangle's upper side lies in the disc up to here; from here to x the circle is below it.
    inside = torch.minimum(x, (radius**2 - y.square()).sqrt())
    return sign * (y * inside + _under_circle(x, radius) - _under_circle(inside, radius))


def _under_circle(x: Tensor, radius: float) -> Tensor:
    """Give the area under the circle's arc between 0 and x."""
    return (x * (radius**2 - x.square()).sqrt() + radius**2 * (x / radius).asin()) / 2


def motion_blur(images: Tensor, length: Parameter, angles: Tensor) -> Tensor:
    """Blur along a line (SPEC section 4, type 3).

    Args:
        images: Float tensor (B, C, H, W) in [0, 1]; not modified.
        length: Length of the line in pixels, >= 1.
        angles: (B,), degrees counter-clockwise from the horizontal, one per image.

    Returns:
        Tensor of the same shape and dtype. Borders are replicated.

    Raises:
        InputError: When there is not one angle per image.
    """
    if angles.shape != images.shape[:1]:
        raise InputError(f"motion blur: {len(images)} images need as many angles; got {tuple(angles.shape)}")
    pairs = zip(each(length, len(images)), angles.tolist(), strict=True)
    if fused.takes(images):
        own = torch.arange(len(images), device=images.device)
        return fused.correlate(images, fused.Kernels.of([_motion_taps(*pair) for pair in pairs], images.device), own)
    return _correlate_each(images, [motion_kernel(*pair) for pair in pairs])


def draw_angles(stream: Stream, height: int, width: int) -> Tensor:
    """Draw the angles of motion blur: integers 0..180, both ends included, int64 (B,)."""
    return stream.integers(181, ())


@lru_cache(1024)
def motion_kernel(length: float, angle: float) -> Tensor:
    """Give the kernel of a line of one pixel's width with rounded ends (SPEC section 4, type 3).

    Args:
        length: Length of the line in pixels, >= 1.
        angle: Degrees counter-clockwise from the horizontal.

    Returns:
        float64 (odd, odd), point-symmetric, summing to 1.
    """
    half = (length - 1) / 2
    phi = angle % 180 / 180 * math.pi
    cos, sin = math.cos(phi), math.sin(phi)
    step = math.copysign(1, cos)
    # The small term gives kernels at 0 and 90 degrees their proper size in spite of rounding.
    columns = abs(math.trunc(half * cos + step - length * _EPS))
    rows = math.trunc(half * sin + 1 - length * _EPS)
    x = step * torch.arange(columns + 1, dtype=torch.float64)
    y = torch.arange(rows + 1, dtype=torch.float64)[:, None]
    distance = y * cos - x * sin
    beyond_end = half - ((x + distance * sin) / cos).abs()
    at_end = ((x.square() + y.square()).sqrt() >= half) & (distance.abs() <= 1)
    distance = torch.where(at_end, (distance.square() + beyond_end.square()).sqrt(), distance)
    weight = (1 + _EPS - distance.abs()).clamp_(min=0)

    kernel = torch.zeros(2 * rows + 1, 2 * columns + 1, dtype=torch.float64)
    kernel[: rows + 1, : columns + 1] = weight.flip(0, 1)
    kernel[rows:, columns:] = weight
    kernel /= kernel.sum() + _EPS * length**2
    return kernel.flip(0) if cos > 0 else kernel


@lru_cache(1024)
def _motion_taps(length: float, angle: float) -> fused.Taps:
    return _taps(motion_kernel(length, angle))


def _correlate_by(images: Tensor, parameter: Parameter, kernel: Kernel) -> Tensor:
    """Correlate each image (B, ..., H, W) with the kernel of its parameter."""
    if fused.takes(images):
        chosen = looked_up(parameter, images)
        return fused.correlate(images, _kept_kernels(kernel, chosen.table, images.device), chosen.where)
    return _correlate_each(images, [kernel(value) for value in each(parameter, len(images))])


@lru_cache(1024)
def _kept_kernels(kernel: Kernel, parameters: tuple[float, ...], device: torch.device) -> fused.Kernels:
    return fused.Kernels.of([_taps(kernel(value)) for value in parameters], torch.device("cpu")).to(device)


def _correlate_each(images: Tensor, kernels: Sequence[Tensor]) -> Tensor:
    """Correlate each image (B, ..., H, W) with its own kernel (odd, odd), as :func:`correlate` does."""
    if all(kernel is kernels[0] for kernel in kernels[1:]):
        return correlate(images, kernels[0]) if kernels else images.clone()
    return torch.stack([correlate(image, kernel) for image, kernel in zip(images, kernels, strict=True)])


def _taps(kernel: Tensor) -> fused.Taps:
    """Give how far down and right each value of a kernel that is not 0 reaches, and the value."""
    weights = kernel.numpy()
    places = np.argwhere(weights) - (np.array(weights.shape) // 2)
    return np.column_stack([places, weights[weights != 0]])


def correlate(images: Tensor, kernel: Tensor) -> Tensor:
    """Correlate each channel with a kernel, replicating the border.

    This is ``kornia.filters.filter2d``, written as a sum of shifted images. That goes through ``conv2d``, whose
    algorithm, and so the last bits, depend on the shape of the batch, and which may round to TF32 on CUDA. The
    sum gives every pixel the same operations in the same order; for small kernels it is also faster on a CPU.

    Args:
        images: Float tensor (..., H, W) of three or four dimensions; not modified.
        kernel: (odd, odd).

    Returns:
        Tensor of the same shape and dtype.
    """
    if native.takes(images):
        return native.correlate(images, kernel)
    height, width = images.shape[-2:]
    above, left = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = functional.pad(images, (left, left, above, above), mode="replicate")
    result = torch.zeros_like(images)
    for row, column in kernel.nonzero().tolist():
        shifted = padded[..., row : row + height, column : column + width]
        result.add_(shifted, alpha=kernel[row, column].item())
    return result
