"""Brighten, darken, mean shift and contrast change: closed forms."""

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicSpline

from syndr.distort import TYPES, apply, brighten, contrast_change, darken, mean_shift
from syndr.distort.colorspace import rgb_to_lab

RAMP = torch.linspace(0, 1, 1001, dtype=torch.float64)


@pytest.mark.parametrize("level", range(1, 6))
def test_mean_shift_is_clipping_with_a_contrast_gain(level):
    """On a full-range image the output stretch undoes the shift but for what was clipped (section 4)."""
    images = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(1, 3, -1, -1)
    x = images.double() / 255
    shift = TYPES[18].levels[level - 1]
    expected = x.clamp(max=1 - shift) / (1 - shift) if shift > 0 else (x + shift).clamp(min=0) / (1 + shift)
    torch.testing.assert_close(apply(x, 18, level), expected)
    assert torch.equal(apply(images, 18, level), torch.floor(apply(x, 18, level) * 255 + 0.5).to(torch.uint8))


def test_level_3_of_mean_shift_changes_nothing(photograph):
    assert torch.equal(apply(photograph(), 18, 3), photograph())
    assert mean_shift(RAMP, 0) is not RAMP


@pytest.mark.parametrize("amount", TYPES[25].levels)
def test_contrast_curve_is_the_not_a_knot_spline(amount):
    points = [0, 0.25 - amount / 4, 0.5, 0.75 + amount / 4, 1]
    spline = CubicSpline([0, 0.3, 0.5, 0.7, 1], points, bc_type="not-a-knot")
    curve = contrast_change(RAMP, amount)
    np.testing.assert_allclose(curve, np.clip(spline(RAMP), 0, 1), atol=1e-14)
    np.testing.assert_allclose(curve[[0, 300, 500, 700, 1000]], points, atol=1e-14)
    torch.testing.assert_close(curve, 1 - contrast_change(1 - RAMP, amount))


def test_contrast_rises_at_levels_1_to_3_and_falls_at_4_and_5():
    slopes = [
        (contrast_change(RAMP[501], amount) - contrast_change(RAMP[499], amount)).item() / 0.002
        for amount in TYPES[25].levels
    ]
    assert slopes == sorted(slopes, reverse=True)
    assert slopes[2] > 1 > slopes[3]


def test_strong_contrast_dips_below_zero_and_is_clamped():
    curve = contrast_change(RAMP, 0.3)
    assert (curve[1:150] == 0).any() and (curve[850:1000] == 1).any()
    assert curve.min() == 0 and curve.max() == 1


@pytest.mark.parametrize("amount", TYPES[17].levels)
def test_darken_is_the_spline_of_three_points(amount):
    spline = CubicSpline([0, 0.5, 1], [0, 0.5 - amount / 2, 1], bc_type="not-a-knot")
    curve = darken(RAMP, amount)
    np.testing.assert_allclose(curve, np.clip(spline(RAMP), 0, 1), atol=1e-14)
    np.testing.assert_allclose(curve[[0, 500, 1000]], [0, 0.5 - amount / 2, 1], atol=1e-14)


def test_strong_darkening_dips_below_zero_and_is_clamped():
    """c = 0.1: 1.6 v^2 - 0.6 v is negative up to v = 0.375."""
    curve = darken(RAMP, 0.8)
    assert (curve[:376] == 0).all() and (curve[376:] > 0).all()
    assert (darken(RAMP, 0.4)[1:] > 0).all()


@pytest.mark.parametrize("amount", TYPES[16].levels)
def test_brighten_is_two_parts_rgb_and_one_part_lightness(amount):
    grey = RAMP.view(1, 1, 1, -1).expand(1, 3, -1, -1)
    middle = 0.5 + amount / 2

    def curve(values):
        return ((2 - 4 * middle) * values**2 + (4 * middle - 1) * values).clamp(0, 1)

    brightened = brighten(grey, amount)
    assert (brightened - brightened[:, :1]).abs().max() < 1e-12
    by_lightness = 3 * brightened - 2 * curve(grey)
    lightness = rgb_to_lab(by_lightness)[:, 0]
    torch.testing.assert_close(lightness, 100 * curve(rgb_to_lab(grey)[:, 0] / 100), rtol=0, atol=1e-9)
    assert (brightened >= grey - 1e-12).all() and brightened.max() <= 1
