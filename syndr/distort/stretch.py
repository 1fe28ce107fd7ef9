"""The two min-max stretches around every distortion, and 8-bit rounding (SPEC section 2).

The minimum and maximum are taken over the whole image, all channels together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from syndr.distort import native
from syndr.errors import InputError

#: A float image all of whose values lie this close to multiples of 1/255 is taken as an 8-bit one.
EIGHT_BIT_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Range:
    """What each image of a batch spans: (B, 1, 1, 1) each.

    Attributes:
        low: Smallest value.
        high: Largest value; both in units of 1/255 for an 8-bit image.
        eight_bit: Whether it is one.
    """

    low: Tensor
    high: Tensor
    eight_bit: Tensor

    def __getitem__(self, part: slice) -> Range:
        return Range(self.low[part], self.high[part], self.eight_bit[part])


def stretch_input(images: Tensor, dtype: torch.dtype, names: Sequence[int | str]) -> Tensor:
    """Stretch each image so that its smallest value is 0 and its largest 1: ``measure``, then ``stretch``."""
    return stretch(images, measure(images, names), dtype)


def measure(images: Tensor, names: Sequence[int | str]) -> Range:
    """Measure what each image spans.

    Args:
        images: (B, 3, H, W), uint8 or float in [0, 1].
        names: What to call each image in an error: its index or its id.

    Raises:
        InputError: When an image is constant, or holds NaN or values outside [0, 1].
    """
    images = _float32_at_least(images)
    low, high, eight_bit = native.extremes(images) if native.takes_pictures(images) else _measure(images)
    if images.is_floating_point():
        _refuse(~((low >= 0) & (high <= 1)), names, "holds NaN or values outside [0, 1]; scale it, or give uint8")
        low = torch.where(eight_bit, (low * 255).round(), low)
        high = torch.where(eight_bit, (high * 255).round(), high)
    _refuse(low == high, names, "is constant: there is no range to stretch to 0..1; leave it out")
    return Range(low, high, eight_bit)


def stretch(images: Tensor, over: Range, dtype: torch.dtype) -> Tensor:
    """Stretch each image so that its smallest value is 0 and its largest 1.

    For 8-bit images this is (k - min) / (max - min) of the integers k in ``dtype``. Both sides of the division
    are small integers, so float32 holds exactly what rounding the float64 quotient would give.

    Args:
        images: (B, 3, H, W), uint8 or float in [0, 1]; not modified.
        over: What they span.
        dtype: float32 or float64, of the result.

    Returns:
        Tensor (B, 3, H, W) of ``dtype`` in [0, 1].
    """
    images = _float32_at_least(images)
    if native.takes_pictures(images):
        return native.stretch(images, over.low, over.high, over.eight_bit, dtype)
    if images.is_floating_point():
        levels = (images * 255).round_()
        if images.is_cpu:
            # Whole images are copied, as torch.where would take longer than all the rest.
            other = ~over.eight_bit.flatten()
            levels[other] = images[other]
            images = levels
        else:
            images = torch.where(over.eight_bit, levels, images)
    low, high = over.low.to(dtype), over.high.to(dtype)
    return (images.to(dtype) - low).div_(high - low)


def stretch_output(images: Tensor) -> Tensor:
    """Stretch each distorted image to [0, 1] again; one that has become constant stays as it is.

    Args:
        images: Float tensor (B, 3, H, W) of any range.

    Returns:
        Tensor of the same shape and dtype.
    """
    low, high = _extremes(images)
    flat = low == high
    return (images - torch.where(flat, 0, low)).div_(torch.where(flat, 1, high - low))


def settle_into(images: Tensor, out: Tensor) -> None:
    """Stretch each distorted image as ``stretch_output`` does, and write it into a tensor as that needs it.

    Args:
        images: Float tensor (B, 3, H, W) of any range.
        out: Tensor of the same shape: float, or uint8 for rounded levels.
    """
    if native.settles_into(images, out):
        native.settle_into(images, out)
    else:
        final = stretch_output(images)
        out.copy_(round_to_8bit(final) if out.dtype == torch.uint8 else final)


def round_to_8bit(images: Tensor) -> Tensor:
    """Give floor(255 x + 0.5), saturated to 0..255, as uint8; computed in float64 (SPEC section 5)."""
    # Conversion to uint8 cuts the fraction off: that is the floor, as nothing negative is left.
    return (images.double() * 255).add_(0.5).clamp_(0, 255).to(torch.uint8)


def _float32_at_least(images: Tensor) -> Tensor:
    """Give floats of float32 or more, for images of any floats."""
    return images.to(torch.promote_types(images.dtype, torch.float32)) if images.is_floating_point() else images


def _measure(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Give each image's minimum and maximum and whether all its values are 8-bit, (B, 1, 1, 1) each."""
    low, high = _extremes(images)
    if not images.is_floating_point():
        return low, high, torch.ones_like(low, dtype=torch.bool)
    # The largest distance decides: on a CPU torch compares every value at a tenth of the speed at which it computes.
    distance = (images * 255).round_().div_(255).sub_(images).abs_().amax((1, 2, 3), keepdim=True)
    return low, high, distance <= EIGHT_BIT_TOLERANCE


def _extremes(images: Tensor) -> tuple[Tensor, Tensor]:
    """Give the minimum and maximum of each image, (B, 1, 1, 1) each; NaN where an image holds one."""
    return images.amin((1, 2, 3), keepdim=True), images.amax((1, 2, 3), keepdim=True)


def _refuse(bad: Tensor, names: Sequence[int | str], problem: str) -> None:
    for name, is_bad in zip(names, bad.flatten().tolist(), strict=True):
        if is_bad:
            raise InputError(f"image {name!r} {problem}")
