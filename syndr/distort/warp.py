"""Jitter (type 19): every pixel is fetched from a random place nearby, five times over."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from syndr.distort import fused, native
from syndr.distort.cache import pieces
from syndr.distort.parameters import Parameter, across, each
from syndr.distort.random import Stream
from syndr.errors import InputError

_PASSES = 5
#: Rows and columns to pad by: further out, four samples in a row are all the border's.
_BORDER = 4


def jitter(images: Tensor, sigma: Parameter, normal: Tensor) -> Tensor:
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
        return native.jitter(images, each(sigma, len(images)), normal)
    normal = normal.to(images.dtype)
    if fused.takes(images):
        shifts = normal * across(sigma, normal)
        images = fused.warp(images, shifts, shifts.abs().amax((-2, -1)).ceil_().int())
    else:
        for draws in normal.unbind(1):
            images = _warp(images, *(draws * across(sigma, draws)).unbind(1))
    # A small picture far displaced may have nothing left but NaN: then it is black.
    lowest = images.nan_to_num(torch.inf).amin((1, 2, 3), keepdim=True).nan_to_num(posinf=0)
    return torch.where(images.isnan(), lowest, images)


def draw_displacements(stream: Stream, height: int, width: int) -> Tensor:
    """Draw two standard normal numbers per pixel and pass: float32 (B, 5, 2, H, W)."""
    return stream.normal((_PASSES, 2, height, width))


def _warp(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Fetch each pixel (i, j) from (i - down, j - right), both (B, H, W).

    The interpolation is Keys's cubic convolution with a = -1/2 ("Cubic convolution interpolation for digital image
    processing", IEEE TASSP 1981); ``grid_sample``'s bicubic has another kernel (a = -3/4), and no such border. A
    pixel is the weighted sum of four rows, each a weighted sum of four pixels side by side: ``embedding_bag``, which
    sums weighted rows of a table, is the gather that torch has fused with its sum.
    """
    height, width = images.shape[2:]
    rows_beyond, columns_beyond = _reach(right), _reach(down)  # the official code has them swapped
    padded = _padded(images, rows_beyond, columns_beyond).permute(0, 2, 3, 1)
    fours = padded.flatten(2).unfold(2, 4 * images.shape[1], images.shape[1])  # four pixels side by side, everywhere
    table = fours.flatten(0, 2)
    bands = pieces(height, len(images) * width, images.device)
    integer = torch.int32 if max(len(table), 4 * down.numel()) < 2**31 else torch.int64

    def numbers(count: int) -> Tensor:
        return torch.arange(count, dtype=integer, device=images.device)

    image, row, column = numbers(len(images)).view(-1, 1, 1), numbers(height)[:, None], numbers(width)
    below = fours.shape[2] * numbers(4)
    pixels = numbers(4 * len(images) * bands[0].stop * width).view(-1, 4)
    warped = []
    for band in bands:
        place, row_weights = _taps(row[band], down[:, band], height, rows_beyond)
        place_in_row, column_weights = _taps(column, right[:, band], width, columns_beyond)
        first = (image * fours.shape[1] + place) * fours.shape[2] + place_in_row
        lines = _weighted_sums(table, first.view(-1, 1) + below, row_weights)
        values = _weighted_sums(lines.view(-1, images.shape[1]), pixels[: len(lines)], column_weights)
        warped.append(values.view(*place.shape, -1))
    return torch.cat(warped, dim=1).permute(0, 3, 1, 2).contiguous()


def _weighted_sums(table: Tensor, rows: Tensor, weights: Tensor) -> Tensor:
    """Give (sums, values): each the sum of four rows of a table (rows, values) by four weights."""
    return functional.embedding_bag(rows, table, mode="sum", per_sample_weights=weights.view(-1, 4))


def _reach(shift: Tensor) -> Tensor:
    """Give the largest displacement of each image, rounded up: int64 (B,)."""
    return shift.abs().amax((1, 2)).ceil().long()


def _padded(images: Tensor, rows_beyond: Tensor, columns_beyond: Tensor) -> Tensor:
    """Replicate the border, and place Keys's samples where each image's border, of so many rows and columns, ends."""
    padded = functional.pad(images, (_BORDER,) * 4, mode="replicate")
    _end_border(padded, rows_beyond)
    _end_border(padded.mT, columns_beyond)
    return padded


def _end_border(padded: Tensor, beyond: Tensor) -> None:
    """Set the rows after the border at both ends to 3 v1 - 3 v2 + v3, of the next three further in."""
    image = torch.arange(len(padded), device=padded.device)
    # From two replicated rows on, all three are the same, and the sample too.
    beyond = beyond.clamp(0, 2)
    for end, inwards in ((_BORDER - 1 - beyond, 1), (padded.shape[2] - _BORDER + beyond, -1)):
        first, second, third = (padded[image, :, end + step * inwards] for step in (1, 2, 3))
        padded[image, :, end] = 3 * (first - second) + third


def _taps(place: Tensor, shift: Tensor, size: int, beyond: Tensor) -> tuple[Tensor, Tensor]:
    """Give where the four samples for ``place - shift`` begin in a padded axis, and their weights.

    Args:
        place: Where each output pixel is, integers broadcasting to (H, W).
        shift: (B, H, W), subtracted from the place.
        size: Number of samples on this axis.
        beyond: (B,) of how many samples the border is replicated at both ends.

    Returns:
        (B, H, W) like the place, and (B, H, W, 4); these are NaN where the place lies beyond the border.
    """
    beyond = beyond.view(-1, 1, 1)
    whole = (-shift).floor()
    t = -shift - whole
    t = t.masked_fill((shift > place + beyond) | (shift < place - (size - 1) - beyond), torch.nan)
    u = 1 - t
    # Keys's polynomials, as linear interpolation and what bends it.
    bend = t * u
    before, after = bend * u / -2, bend * t / -2
    weights = shift.new_empty(*shift.shape, 4)
    weights[..., 0] = before
    weights[..., 1] = u + bend + 3 * after
    weights[..., 2] = t + bend + 3 * before
    weights[..., 3] = after
    return (place + whole.to(place.dtype) - 1).clamp_(-_BORDER, size + _BORDER - 4) + _BORDER, weights
