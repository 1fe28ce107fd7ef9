"""Spatial distortions: pixelate (type 21)."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def pixelate(images: Tensor, strength: float) -> Tensor:
    """Scale down and up again, nearest neighbour both times (SPEC section 4, type 21).

    Values are only moved. The indices follow MATLAB's ``imresize``: on the way down the scale is the given one,
    on the way up the ratio of the sizes. torch's nearest modes place pixels elsewhere.

    Args:
        images: Tensor (..., H, W); not modified.
        strength: In (0, 0.9]; images are scaled by 0.95 - strength^0.6.

    Returns:
        Tensor of the same shape and dtype.
    """
    scale = 0.95 - strength**0.6
    rows, columns = (_down_and_up(size, scale).to(images.device) for size in images.shape[-2:])
    return images.index_select(-2, rows).index_select(-1, columns)


def _down_and_up(size: int, scale: float) -> Tensor:
    """Give, for each of ``size`` pixels, the pixel it is copied from."""
    small = math.ceil(scale * size)
    return _nearest(size, small, scale)[_nearest(small, size, size / small)]


def _nearest(inputs: int, outputs: int, scale: float) -> Tensor:
    """Give the input pixel nearest to each output pixel, in float64: clamp(floor(o/q + (1 - 1/q)/2 + 1/2), 1, n).

    The formula counts from 1, the result from 0.
    """
    output = torch.arange(1, outputs + 1, dtype=torch.float64)
    nearest = torch.floor(output / scale + 0.5 * (1 - 1 / scale) + 0.5)
    return nearest.clamp_(1, inputs).long() - 1
