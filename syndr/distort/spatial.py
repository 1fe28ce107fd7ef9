"""Spatial distortions: non-eccentricity patches (type 20), pixelate (type 21) and colour blocks (type 23)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from syndr.distort import fused
from syndr.distort.parameters import Parameter, changed, constant, each, looked_up, numbers
from syndr.distort.random import Stream
from syndr.errors import InputError

_PATCH = 16
#: Patches begin this far from the upper and left border, and end as far from the others.
_MARGIN = 16
_BLOCK = 32
#: Draws are made for this many, the most of any level; a level with fewer uses the first of them.
_MOST_PATCHES, _MOST_BLOCKS = 100, 10


def pixelate(images: Tensor, strength: Parameter) -> Tensor:
    """Scale down and up again, nearest neighbour both times (SPEC section 4, type 21).

    Values are only moved. The indices follow MATLAB's ``imresize``: on the way down the scale is the given one,
    on the way up the ratio of the sizes. torch's nearest modes place pixels elsewhere.

    Args:
        images: Tensor (..., H, W); not modified.
        strength: In (0, 0.9]; images are scaled by 0.95 - strength^0.6.

    Returns:
        Tensor of the same shape and dtype.
    """
    if isinstance(strength, Sequence):
        chosen = looked_up(changed(strength, _scale), images)
        rows, columns = (
            _kept_maps(size, chosen.table, images.device).index_select(0, chosen.where) for size in images.shape[-2:]
        )
        image = torch.arange(len(images), device=images.device)[:, None, None]
        return images.movedim(-3, -1)[image, rows[:, :, None], columns[:, None, :]].movedim(-1, -3)
    rows, columns = (_down_and_up(size, _scale(strength)).to(images.device) for size in images.shape[-2:])
    # On a CPU, index_select takes the rows fast, and gather the columns.
    return images.index_select(-2, rows).gather(-1, columns.expand(images.shape))


def _scale(strength: float) -> float:
    return 0.95 - strength**0.6


@lru_cache(1024)
def _kept_maps(size: int, scales: tuple[float, ...], device: torch.device) -> Tensor:
    return torch.stack([_down_and_up(size, scale) for scale in scales]).to(device)


@lru_cache(1024)
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


def non_eccentricity_patch(images: Tensor, count: int | Sequence[int], uniform: Tensor) -> Tensor:
    """Copy 16 x 16 patches to places up to 8 pixels away, one after another (SPEC section 4, type 20).

    Values are only moved, and a later patch may move what an earlier one has brought.

    Args:
        images: Tensor (B, C, H, W), H and W at least 48; not modified.
        count: Number of patches.
        uniform: (B, at least count, 4) in [0, 1): for each patch its column and row, and how far to move it
            along the columns and the rows.

    Returns:
        Tensor of the same shape and dtype.

    Raises:
        InputError: When the images are too small, or the draws have another shape.
    """
    height, width = images.shape[-2:]
    _check_size(images, 2 * _MARGIN + _PATCH, "non-eccentricity patches")
    counts = [int(value) for value in each(count, len(images))]
    draws = _check_draws(images, max(counts), uniform, 4, "non-eccentricity patches").double()
    free = constant((width - 2 * _MARGIN - _PATCH, height - 2 * _MARGIN - _PATCH), draws.dtype, draws.device)
    # MATLAB's corners count from 1, and its round() of what is positive is this floor.
    origin = torch.floor(draws[..., :2] * free + 0.5) + _MARGIN
    target = torch.floor((draws[..., 2:] - 0.5) * _PATCH + origin + 0.5)
    corners = torch.cat([origin, target], dim=-1).int() - 1
    if fused.runs_on(images.device):
        return fused.move_patches(images, corners, numbers(count, images, torch.int32), _PATCH)

    source = np.tile(np.arange(height * width).reshape(height, width), (len(images), 1, 1))
    for plane, patches, used in zip(source, corners.tolist(), counts, strict=True):
        for x, y, to_x, to_y in patches[:used]:
            plane[to_y : to_y + _PATCH, to_x : to_x + _PATCH] = plane[y : y + _PATCH, x : x + _PATCH].copy()
    index = torch.from_numpy(source).to(images.device).flatten(1)[:, None]
    return images.flatten(2).gather(2, index.expand(-1, images.shape[1], -1)).view(images.shape)


def draw_patches(stream: Stream, height: int, width: int) -> Tensor:
    """Draw where patches come from and go to: float64 (B, 100, 4) in [0, 1)."""
    return stream.uniform((_MOST_PATCHES, 4))


def color_block(images: Tensor, count: int | Sequence[int], uniform: Tensor) -> Tensor:
    """Paint opaque 32 x 32 blocks of one colour each (SPEC section 4, type 23).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1], H and W at least 32; not modified.
        count: Number of blocks; a later one covers an earlier one.
        uniform: (B, at least count, 5) in [0, 1): for each block its red, green and blue, its column and row.

    Returns:
        Tensor of the same shape and dtype. Blocks at the left or upper border may be one pixel short.

    Raises:
        InputError: When the images are too small, or the draws have another shape.
    """
    _check_size(images, _BLOCK, "color blocks")
    counts = [int(value) for value in each(count, len(images))]
    draws = _check_draws(images, max(counts), uniform, 5, "color blocks").double()
    height, width = images.shape[-2:]
    free = constant((width - _BLOCK, height - _BLOCK), draws.dtype, draws.device)
    # MATLAB counts from 1: its column 0 is outside, and the slice there begins at the border.
    corners = torch.floor(draws[..., 3:] * free + 0.5).int() - 1
    colors = draws[..., :3].to(images)
    if fused.takes(images):
        return fused.paint_blocks(images, corners, colors, numbers(count, images, torch.int32), _BLOCK)
    result = images.clone()
    for image, image_corners, image_colors, used in zip(result, corners.tolist(), colors, counts, strict=True):
        for (x, y), color in zip(image_corners[:used], image_colors, strict=False):
            image[:, max(y, 0) : y + _BLOCK, max(x, 0) : x + _BLOCK] = color[:, None, None]
    return result


def draw_blocks(stream: Stream, height: int, width: int) -> Tensor:
    """Draw the colours and places of blocks: float64 (B, 10, 5) in [0, 1)."""
    return stream.uniform((_MOST_BLOCKS, 5))


def _check_size(images: Tensor, least: int, what: str) -> None:
    if min(images.shape[-2:]) < least:
        raise InputError(
            f"{what} need {least} pixels on each side; the images are {images.shape[-2]} x {images.shape[-1]}"
        )


def _check_draws(images: Tensor, count: int, uniform: Tensor, each: int, what: str) -> Tensor:
    """Give the draws that are used."""
    if uniform.ndim != 3 or len(uniform) != len(images) or uniform.shape[1] < count or uniform.shape[2] != each:
        wanted = (len(images), count, each)
        raise InputError(f"{what}: the draws must have the shape {wanted} or more rows; got {tuple(uniform.shape)}")
    return uniform[:, :count]
