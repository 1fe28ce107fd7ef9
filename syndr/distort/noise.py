"""Noise: white noise (type 11)."""

from __future__ import annotations

import math

from torch import Tensor

from syndr.distort.random import Stream
from syndr.errors import InputError


def white_noise(images: Tensor, variance: float, normal: Tensor) -> Tensor:
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
    if normal.shape != images.shape:
        raise InputError(
            f"white noise: images of shape {tuple(images.shape)} need as many draws; got {tuple(normal.shape)}"
        )
    return (normal.to(images.dtype) * math.sqrt(variance)).add_(images).clamp_(0, 1)


def draw_normal(stream: Stream, height: int, width: int) -> Tensor:
    """Draw one standard normal number per pixel and channel: float32 (B, 3, H, W)."""
    return stream.normal((3, height, width))
