"""Colour: diffusion (type 4), shift (type 5), and saturation in HSV (type 7) and in Lab (type 8)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from syndr.distort.blur import gaussian_blur
from syndr.distort.colorspace import lab_to_rgb, rgb_to_grey, rgb_to_lab
from syndr.distort.parameters import Parameter, across, changed
from syndr.distort.random import Stream
from syndr.distort.stretch import stretch_output
from syndr.errors import InputError

_EDGE_SIGMA = 4
_EDGE_FLOOR = 0.1
_QUANTILE = 0.99


def color_diffusion(images: Tensor, amount: Parameter) -> Tensor:
    """Let colour run over the edges: blur a and b of Lab, and multiply them (SPEC section 4, type 4).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1]; not modified.
        amount: Factor of a and b; they are blurred with a gaussian of 1.5 amount + 2 pixels.

    Returns:
        Tensor of the same shape and dtype, clamped to [0, 1].
    """
    lab = rgb_to_lab(images)
    # In float64, as 12 times the rounding of 81 float32 summands comes near 1e-4 where colours leave the gamut.
    colors = gaussian_blur(lab[:, 1:].double(), changed(amount, lambda value: 1.5 * value + 2))
    lab[:, 1:] = across(amount, colors) * colors
    return lab_to_rgb(lab)


def color_shift(images: Tensor, amount: Parameter, direction: Tensor) -> Tensor:
    """Shift green down and to the right, where there are edges (SPEC section 4, type 5).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1], float64 as red and blue keep 8-bit values; not modified.
        amount: Length of the shift in pixels.
        direction: Draws in (0, 1], (B, 2), down and right; only their ratio counts.

    Returns:
        Tensor of the same shape and dtype.

    Raises:
        InputError: When there is not one direction per image.
    """
    if direction.shape != (len(images), 2):
        raise InputError(f"color shift: {len(images)} images need draws (B, 2); got {tuple(direction.shape)}")
    edges = edge_weight(rgb_to_grey(images))[:, 0]
    green = images[:, 1]
    shifted = _moved(green, _shift(direction, amount))
    result = images.clone()
    result[:, 1] = edges * shifted + (1 - edges) * green
    return result


def color_saturation_hsv(images: Tensor, factor: Parameter) -> Tensor:
    """Multiply the saturation of HSV (SPEC section 4, type 7).

    The formula is HSV there and back in one: V is the largest channel and m the smallest, S = (V - m)/V, and a
    channel x is V (1 - S k) with k = (V - x)/(V - m). It equals V - factor (V - x), but an 8-bit picture has so many
    ties here (up to half of the samples) that the generator's own rounding matters. A negative factor turns hues
    into their complements, with values above 1, which are kept.

    Args:
        images: Float tensor (..., 3, H, W) in [0, 1], float64 for the generator's rounding; not modified.
        factor: Of the saturation.

    Returns:
        Tensor of the same shape and dtype, 0 or more.
    """
    value = images.amax(-3, keepdim=True)
    chroma = value - images.amin(-3, keepdim=True)
    tiny = torch.finfo(images.dtype).tiny  # black and grey: 0 / tiny is the 0 that they should have
    saturation = chroma / value.clamp(min=tiny)
    share = (value - images).div_(chroma.clamp_(min=tiny))
    return share.mul_(across(factor, images) * saturation).neg_().add_(1).mul_(value)


def color_saturation_lab(images: Tensor, factor: Parameter) -> Tensor:
    """Multiply a and b of Lab (SPEC section 4, type 8).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1]; not modified. In float32 the result errs by up to 2e-4 where
            a factor of 9 takes colours far out of the gamut.
        factor: Of a and b.

    Returns:
        Tensor of the same shape and dtype, clamped to [0, 1].
    """
    lab = rgb_to_lab(images)
    lab[:, 1:] *= across(factor, lab)
    return lab_to_rgb(lab)


def edge_weight(grey: Tensor) -> Tensor:
    """Give the share of shifted green: 1 at strong edges, 0 far from any (SPEC section 4, type 5).

    Args:
        grey: Float tensor (B, 1, H, W); not modified.

    Returns:
        Tensor of the same shape and dtype in [0, 1]; 0.1 everywhere for a picture that is one even plane.
    """
    strength = (_gradient(grey).square() + _gradient(grey.mT).mT.square()).sqrt_()
    edges = stretch_output(gaussian_blur(strength, _EDGE_SIGMA)).clamp_(_EDGE_FLOOR, 1)
    edges = stretch_output(edges)
    values = edges.flatten(1)
    count = values.shape[1]
    rank = math.floor(_QUANTILE * count + 0.5)
    # A GPU sorts faster than it selects.
    if values.is_cuda:
        values = values.sort().values
        low, high = (values[:, k - 1].view(-1, 1, 1, 1) for k in (count + 1 - rank, rank))
    else:
        low, high = (values.kthvalue(k).values.view(-1, 1, 1, 1) for k in (count + 1 - rank, rank))
    return stretch_output(edges.clamp_(low, high))


def draw_direction(stream: Stream, height: int, width: int) -> Tensor:
    """Draw the direction of a shift: two uniform numbers in (0, 1], float64 (B, 2)."""
    return 1 - stream.uniform((2,))  # zero is left out, as two zeros have no direction


def _gradient(planes: Tensor) -> Tensor:
    """Give differences along rows: central, and one-sided at the borders."""
    padded = functional.pad(planes, (1, 1, 0, 0), mode="replicate")
    difference = padded[..., 2:] - padded[..., :-2]
    difference[..., 1:-1] /= 2
    return difference


def _shift(direction: Tensor, amount: Parameter) -> Tensor:
    """Give whole pixels down and right, int64 (B, 2); computed in float64."""
    direction = direction.double()
    length = direction.square().sum(1, keepdim=True).sqrt_()
    return (direction / length * across(amount, direction) + 0.5).floor_().long()


def _moved(planes: Tensor, shift: Tensor) -> Tensor:
    """Move each plane (B, H, W) by its own pixels down and right, repeating its first row and column."""
    height, width = planes.shape[-2:]
    shift = shift.to(planes.device)
    rows = (torch.arange(height, device=planes.device) - shift[:, :1]).clamp_(min=0)
    columns = (torch.arange(width, device=planes.device) - shift[:, 1:]).clamp_(min=0)
    batch = torch.arange(len(planes), device=planes.device)
    return planes[batch[:, None, None], rows[:, :, None], columns[:, None, :]]
