"""High sharpen: an unsharp mask of L alone."""

import numpy as np
import pytest
import torch

from syndr.distort import TYPES, high_sharpen
from syndr.distort.colorspace import lab_to_rgb, rgb_to_lab


def pale_lab(height=41, width=41):
    """Lab of grey 50 with a little colour, float64 (1, 3, H, W)."""
    lab = torch.zeros(1, 3, height, width, dtype=torch.float64)
    lab += torch.tensor([50.0, 3.0, -4.0], dtype=torch.float64).view(1, 3, 1, 1)
    return lab


@pytest.mark.parametrize("amount", TYPES[24].levels)
def test_impulse_response(amount):
    """A point of L rises by amount times what it loses in blurring, its neighbours fall; 13 taps, sigma 3."""
    lab = pale_lab()
    lab[:, 0, 20, 20] += 0.5
    sharpened = rgb_to_lab(high_sharpen(lab_to_rgb(lab), amount))
    taps = np.exp(-(np.arange(-6, 7.0) ** 2) / 18)
    taps /= taps.sum()
    expected = torch.zeros(41, 41, dtype=torch.float64)
    expected[14:27, 14:27] = -torch.from_numpy(np.outer(taps, taps))
    expected[20, 20] += 1
    torch.testing.assert_close(sharpened[0, 0], lab[0, 0] + 0.5 * amount * expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(sharpened[:, 1:], lab[:, 1:], rtol=0, atol=1e-9)


@pytest.mark.parametrize("amount", TYPES[24].levels)
def test_even_planes_and_the_inside_of_lightness_ramps_stay(amount):
    plane = lab_to_rgb(pale_lab())
    torch.testing.assert_close(high_sharpen(plane, amount), plane, rtol=0, atol=1e-12)
    lab = pale_lab()
    lab[:, 0] += 0.2 * torch.arange(41, dtype=torch.float64)
    ramp = lab_to_rgb(lab)
    sharpened = high_sharpen(ramp, amount)
    torch.testing.assert_close(sharpened[..., 6:-6], ramp[..., 6:-6], rtol=0, atol=1e-9)
    assert (sharpened[..., 0] < ramp[..., 0]).all(), "the replicated border bends the ramp"


def test_neutral_colours_stay_neutral_and_lightness_is_clamped_as_rgb():
    step = torch.full((1, 3, 40, 40), 0.2, dtype=torch.float64)
    step[..., 20:] = 0.8
    sharpened = high_sharpen(step, 12)
    assert (sharpened - sharpened.mean(1, keepdim=True)).abs().max() < 1e-12
    assert (sharpened[..., 19] == 0).all() and (sharpened[..., 20] == 1).all()
