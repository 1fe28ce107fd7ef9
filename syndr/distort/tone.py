"""Tone: mean shift (type 18) and contrast change (type 25)."""

from __future__ import annotations

from torch import Tensor


def mean_shift(images: Tensor, offset: float) -> Tensor:
    """Add a constant and clamp to [0, 1] (SPEC section 4, type 18).

    The stretch that follows turns this into clipping with a contrast gain.

    Args:
        images: Float tensor in [0, 1]; not modified.
        offset: Added to every value.

    Returns:
        Tensor of the same shape and dtype.
    """
    return (images + offset).clamp_(0, 1)


def contrast_change(images: Tensor, amount: float) -> Tensor:
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
    linear = ((1 + amount) / 4 - 0.032) / 0.168
    cubic = 4 - 4 * linear
    t = images - 0.5
    return t.square().mul_(cubic).add_(linear).mul_(t).add_(0.5).clamp_(0, 1)
