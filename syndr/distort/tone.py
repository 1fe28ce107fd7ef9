"""Tone: brighten (type 16), darken (type 17), mean shift (type 18) and contrast change (type 25)."""

from __future__ import annotations

from torch import Tensor

from syndr.distort.colorspace import lab_to_rgb, rgb_to_lab
from syndr.distort.parameters import Parameter, across, changed


def brighten(images: Tensor, amount: Parameter) -> Tensor:
    """Lift the middle tones: two parts of R, G, B and one of L of Lab (SPEC section 4, type 16).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1]; not modified.
        amount: The curves send 1/2 to (1 + amount)/2.

    Returns:
        Tensor of the same shape and dtype, in [0, 1].
    """
    middle = changed(amount, lambda value: 0.5 + value / 2)
    lab = rgb_to_lab(images)
    lab[:, 0] = 100 * _parabola(lab[:, 0] / 100, middle)
    return (2 * _parabola(images, middle)).add_(lab_to_rgb(lab)).div_(3)


def darken(images: Tensor, amount: Parameter) -> Tensor:
    """Lower the middle tones of R, G and B (SPEC section 4, type 17).

    Args:
        images: Float tensor in [0, 1]; not modified.
        amount: The curve sends 1/2 to (1 - amount)/2.

    Returns:
        Tensor of the same shape and dtype, in [0, 1].
    """
    return _parabola(images, changed(amount, lambda value: 0.5 - value / 2))


def mean_shift(images: Tensor, offset: Parameter) -> Tensor:
    """Add a constant and clamp to [0, 1] (SPEC section 4, type 18).

    The stretch that follows turns this into clipping with a contrast gain.

    Args:
        images: Float tensor in [0, 1]; not modified.
        offset: Added to every value.

    Returns:
        Tensor of the same shape and dtype.
    """
    return (images + across(offset, images)).clamp_(0, 1)


def contrast_change(images: Tensor, amount: Parameter) -> Tensor:
    """Send every value through an S-shaped curve and clamp to [0, 1] (SPEC section 4, type 25).

    The curve is the not-a-knot cubic spline through (0, 0), (0.3, 1/4 - m/4), (0.5, 1/2), (0.7, 3/4 + m/4) and
    (1, 1), m being the amount. These points are symmetric about the middle one, so that one odd cubic
    1/2 + a t + b t^3 with t = v - 1/2 runs through all five, and the spline is that cubic.

    Args:
        images: Float tensor in [0, 1]; not modified.
        amount: m; contrast rises where it is positive.

    Returns:
        Tensor of the same shape and dtype.
    """
    # From the knots: a/2 + b/8 = 1/2 and a/5 + b/125 = (1 + m)/4.
    linear = changed(amount, lambda value: ((1 + value) / 4 - 0.032) / 0.168)
    cubic = changed(linear, lambda value: 4 - 4 * value)
    t = images - 0.5
    curve = t.square().mul_(across(cubic, images)).add_(across(linear, images))
    return curve.mul_(t).add_(0.5).clamp_(0, 1)


def _parabola(values: Tensor, middle: Parameter) -> Tensor:
    """Send values through the parabola of (0, 0), (1/2, middle) and (1, 1), and clamp to [0, 1]."""
    slope, offset = (
        across(changed(middle, change), values) for change in (lambda at: 2 - 4 * at, lambda at: 4 * at - 1)
    )
    return (values * slope).add_(offset).mul_(values).clamp_(0, 1)
