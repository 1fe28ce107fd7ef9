"""Jitter (type 19): every pixel is fetched from a random place nearby, five times over."""

from __future__ import annotations

import torch
from torch import Tensor

from syndr.distort import native
from syndr.distort.random import Stream
from syndr.errors import InputError

_PASSES = 5


def jitter(images: Tensor, sigma: float, normal: Tensor) -> Tensor:
    """Warp with random displacements, bicubic (SPEC section 4, type 19).

    Nothing is clamped. The official code yields NaN where a displacement leads out of the padded image, which is
    rare; in its files that is 0, the darkest value, and so it is here.

    Args:
        images: Float tensor (B, 3, H, W); not modified.
        sigma: Standard deviation of each pass's displacements, in pixels.
        normal: (B, 5, 2, H, W) standard normal draws: for each pass the displacement down and to the right.

    Returns:
        Tensor of the same shape and dtype; its values may leave [0, 1].

    Raises:
        InputError: When the draws have another shape.
    """
    wanted = (len(images), _PASSES, 2, *images.shape[-2:])
    if normal.shape != wanted:
        raise InputError(f"jitter: the draws must have the shape {wanted}; got {tuple(normal.shape)}")
    if native.takes(images):
        return native.jitter(images, sigma, normal)
    for shift in (normal.to(images.dtype) * sigma).unbind(1):
        images = _warp(images, *shift.unbind(1))
    # A small picture far displaced may have nothing left but NaN: then it is black.
    lowest = images.nan_to_num(torch.inf).amin((1, 2, 3), keepdim=True).nan_to_num(posinf=0)
    return torch.where(images.isnan(), lowest, images)


def draw_displacements(stream: Stream, height: int, width: int) -> Tensor:
    """Draw two standard normal numbers per pixel and pass: float32 (B, 5, 2, H, W)."""
    return stream.normal((_PASSES, 2, height, width))


def _warp(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Fetch each pixel (i, j) from (i - down, j - right), both (B, H, W).

    The border is replicated, over as many rows as the largest displacement has columns and the other way round:
    the official code has them swapped. ``grid_sample``'s bicubic has another kernel (a = -3/4), and no such border.
    """
    height, width = images.shape[-2:]
    row = torch.arange(height, device=images.device)[:, None]
    column = torch.arange(width, device=images.device)
    rows, row_weights = _taps(row, down, height, _reach(right))
    columns, column_weights = _taps(column, right, width, _reach(down))
    flat = images.flatten(2)
    result = torch.zeros_like(images)
    for row, row_weight in zip(rows, row_weights, strict=True):
        line = torch.zeros_like(images)
        row *= width
        for column, column_weight in zip(columns, column_weights, strict=True):
            index = (row + column).flatten(1)[:, None].expand(flat.shape)
            line.addcmul_(flat.gather(2, index).view(images.shape), column_weight[:, None])
        result.addcmul_(line, row_weight[:, None])
    return result


def _reach(shift: Tensor) -> Tensor:
    """Give the largest displacement of each image, rounded up: int64 (B, 1, 1)."""
    return shift.abs().amax((1, 2), keepdim=True).ceil().long()


def _taps(place: Tensor, shift: Tensor, size: int, pad: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Give the indices and weights, (B, H, W) each, of the four samples for ``place - shift`` on one axis.

    Args:
        place: Where each output pixel is, int64, broadcasting to (H, W).
        shift: (B, H, W), subtracted from the place.
        size: Number of samples on this axis.
        pad: (B, 1, 1) of how many samples the border is replicated at both ends.

    The weights are Keys's cubic convolution with a = -1/2 ("Cubic convolution interpolation for digital image
    processing", IEEE TASSP 1981); with his border: a sample v0 beyond the padded axis is 3 v1 - 3 v2 + v3, so that
    its weight goes to these.
    """
    floor = (-shift).floor()
    t = -shift - floor
    second = place + floor.long()
    weights = [
        ((2 - t) * t - 1) * t / 2,
        ((3 * t - 5) * t * t + 2) / 2,
        ((4 - 3 * t) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    ]
    low, high = -pad, size - 1 + pad
    before = torch.where(second - 1 < low, weights[0], 0)
    after = torch.where(second + 2 > high, weights[3], 0)
    outside = (second < low) | (second > high) | ((second == high) & (t > 0))
    weights = [
        torch.where(outside, torch.nan, weights[0] - before + after),
        weights[1] + 3 * before - 3 * after,
        weights[2] - 3 * before + 3 * after,
        weights[3] + before - after,
    ]
    return [(second + tap).clamp(0, size - 1) for tap in (-1, 0, 1, 2)], weights
