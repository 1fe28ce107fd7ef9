"""Naive float64 twins of what is done to a picture between its file and the network."""

from __future__ import annotations

import numpy as np

# What a viewer does to the stored picture (H, W, 3) for each EXIF orientation.
UPRIGHT = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: stored.transpose(1, 0, 2)[:, ::-1],
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: stored.transpose(1, 0, 2)[::-1],
}


def over_white(rgb, alpha):
    """Composite (H, W, 3) over white with alpha (H, W), all 0-255, unrounded."""
    share = alpha[..., None] / 255.0
    return rgb * share + 255.0 * (1.0 - share)


def cmyk_to_rgb(cmyk):
    """Convert (H, W, 4), 0-255, by the plain formula, unrounded."""
    return (255.0 - cmyk[..., :3]) * (255.0 - cmyk[..., 3:]) / 255.0


def _triangle_weights(old: int, new: int):
    """Give the (new, old) matrix of a triangle filter that is widened when it shrinks."""
    scale = old / new
    width = max(scale, 1.0)
    centers = (np.arange(new) + 0.5) * scale - 0.5
    weights = np.maximum(0.0, 1.0 - np.abs(np.arange(old)[None] - centers[:, None]) / width)
    return weights / weights.sum(1, keepdims=True)


def resize(image, height: int, width: int):
    """Resize (C, H, W) with the triangle filter, unrounded."""
    rows = _triangle_weights(image.shape[1], height)
    columns = _triangle_weights(image.shape[2], width)
    return np.einsum("yh,chw,xw->cyx", rows, image.astype(np.float64), columns)
