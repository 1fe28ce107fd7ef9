"""Sharpening: high sharpen (type 24)."""

from __future__ import annotations

from torch import Tensor

from syndr.distort.blur import gaussian_blur
from syndr.distort.colorspace import lab_to_rgb, rgb_to_lab
from syndr.distort.parameters import Parameter, across

_SIGMA = 3


def high_sharpen(images: Tensor, amount: Parameter) -> Tensor:
    """Sharpen L of Lab by an unsharp mask of 3 pixels (SPEC section 4, type 24).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1]; not modified.
        amount: How often L's difference from its blurred self is added; L may leave [0, 100].

    Returns:
        Tensor of the same shape and dtype, clamped to [0, 1].
    """
    lab = rgb_to_lab(images)
    lightness = lab[:, :1]
    lab[:, :1] += across(amount, lab) * (lightness - gaussian_blur(lightness, _SIGMA))
    return lab_to_rgb(lab)
