"""Colour distortions: neutrals stay neutral, closed forms, directions and edges of the shift."""

import colorsys

import numpy as np
import pytest
import torch
from scipy import stats

from syndr.distort import (
    TYPES,
    color_diffusion,
    color_saturation_hsv,
    color_saturation_lab,
    color_shift,
    draw,
)
from syndr.distort.color import edge_weight
from syndr.distort.colorspace import rgb_to_lab
from syndr.errors import InputError

PIXELS = torch.rand(1, 3, 20, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
GREY = PIXELS[:, :1].expand(-1, 3, -1, -1)


@pytest.mark.parametrize("level", range(1, 6))
@pytest.mark.parametrize("number", [4, 7, 8])
def test_neutral_colours_stay(number, level):
    distorted = TYPES[number].function(GREY, TYPES[number].levels[level - 1])
    torch.testing.assert_close(distorted, GREY, rtol=0, atol=1e-12)


@pytest.mark.parametrize("amount", TYPES[4].levels)
def test_diffusion_keeps_lightness_and_multiplies_even_colour(amount):
    """A pale plane stays in the gamut: its L is kept, and its a and b are multiplied, as blurring changes nothing."""
    plane = torch.tensor([0.50, 0.505, 0.502], dtype=torch.float64).view(1, 3, 1, 1).expand(1, 3, 40, 40)
    before, after = rgb_to_lab(plane), rgb_to_lab(color_diffusion(plane, amount))
    torch.testing.assert_close(after[:, 0], before[:, 0])
    torch.testing.assert_close(after[:, 1:], amount * before[:, 1:], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("amount", "size"), list(zip(TYPES[4].levels, (15, 27, 45, 57, 81), strict=True)))
def test_colour_spreads_as_far_as_the_kernel(amount, size):
    """A faintly coloured point on grey: what it colours is the kernel's square, and grey is what lies beyond."""
    images = torch.full((1, 3, 101, 101), 0.5, dtype=torch.float64)
    images[:, 0, 50, 50] += 1e-3
    chroma = rgb_to_lab(color_diffusion(images, amount))[0, 1:].abs().amax(0)
    rows, columns = (chroma > 1e-11).nonzero().T
    radius = size // 2
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (50 - radius, 50 + radius) * 2
    sigma = 1.5 * amount + 2
    assert (chroma[50, 50] / chroma[50, 50 + radius]).item() == pytest.approx(
        np.exp(radius**2 / (2 * sigma**2)), rel=1e-3
    )


@pytest.mark.parametrize("factor", [0.4, 0.2, 0.1, 1, -0.4])
def test_hsv_saturation_is_multiplied_and_hue_and_value_kept_or_inverted(factor):
    distorted = color_saturation_hsv(PIXELS, factor)
    for before, after in zip(PIXELS[0].flatten(1).T.tolist(), distorted[0].flatten(1).T.tolist(), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*before)
        new_hue, new_saturation, new_value = colorsys.rgb_to_hsv(*after)
        if factor > 0:
            assert new_value == pytest.approx(value)
            assert new_saturation == pytest.approx(factor * saturation)
            assert (new_hue - hue + 0.5) % 1 == pytest.approx(0.5, abs=1e-6)
        else:  # the smallest channel becomes the largest
            assert new_value == pytest.approx(value * (1 - factor * saturation))
            assert (new_hue - hue) % 1 == pytest.approx(0.5, abs=1e-6)


def test_hsv_closed_forms():
    torch.testing.assert_close(color_saturation_hsv(PIXELS, 0), PIXELS.amax(1, keepdim=True).expand(-1, 3, -1, -1))
    linear = PIXELS.amax(1, keepdim=True)
    torch.testing.assert_close(color_saturation_hsv(PIXELS, 0.4), linear - 0.4 * (linear - PIXELS))
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    torch.testing.assert_close(color_saturation_hsv(red, -0.4).flatten(), torch.tensor([1, 1.4, 1.4]))


@pytest.mark.parametrize("factor", TYPES[8].levels)
def test_lab_saturation_of_colours_that_stay_in_the_gamut(factor):
    pale = 0.5 + 0.01 * (PIXELS - 0.5)
    before, after = rgb_to_lab(pale), rgb_to_lab(color_saturation_lab(pale, factor))
    torch.testing.assert_close(after[:, 0], before[:, 0])
    torch.testing.assert_close(after[:, 1:], factor * before[:, 1:], rtol=1e-9, atol=1e-9)


def test_lab_saturation_clamps_what_leaves_the_gamut():
    distorted = color_saturation_lab(PIXELS, 9)
    assert distorted.min() == 0 and distorted.max() == 1
    assert ((distorted == 0) | (distorted == 1)).any(1).float().mean() > 0.9


def shifted_point(amount, direction):
    """Where a bright green point on grey goes: pixels down and right."""
    images = torch.full((1, 3, 64, 64), 0.5, dtype=torch.float64)
    images[:, :, 20:40, 20:40] = 0.6
    images[:, 1, 30, 30] = 1
    distorted = color_shift(images, amount, torch.tensor([direction], dtype=torch.float64))
    assert torch.equal(distorted[:, [0, 2]], images[:, [0, 2]])
    row, column = divmod((distorted - images)[0, 1].argmax().item(), 64)
    return row - 30, column - 30


@pytest.mark.parametrize(
    ("amount", "direction", "expected"),
    [
        (1, (1, 0), (1, 0)),
        (12, (0.5, 0), (12, 0)),
        (12, (0, 0.001), (0, 12)),
        (8, (0.3, 0.3), (6, 6)),  # 8 / sqrt(2) = 5.66
        (3, (0.9, 0.3), (3, 1)),  # 2.85, 0.95
    ],
)
def test_green_moves_down_and_right(amount, direction, expected):
    assert shifted_point(amount, direction) == expected


def test_shift_acts_on_edges_only_and_repeats_the_border():
    """On a picture of two planes, green has moved at the edge between them, and nothing far from it."""
    images = torch.zeros(1, 3, 64, 128, dtype=torch.float64)
    images[..., 64:] = 1
    distorted = color_shift(images, 6, torch.tensor([[0.0, 1.0]]))
    assert torch.equal(distorted[:, [0, 2]], images[:, [0, 2]])
    assert torch.equal(distorted[..., :64], images[..., :64]), "the left plane is replicated, then nothing changes"
    assert (distorted[:, 1, :, 64] == 0).all(), "the edge itself: green of the left plane"
    assert (distorted[:, 1, :, 64:71].diff() > 0).all(), "then less and less of it"
    assert torch.equal(distorted[..., 70:], images[..., 70:])


def test_edge_weight():
    even = torch.full((1, 1, 40, 60), 0.3, dtype=torch.float64)
    step = even.clone()
    step[..., 30:] = 0.9
    weights = edge_weight(torch.cat((even, step)))
    torch.testing.assert_close(weights[0], torch.full_like(weights[0], 0.1))
    assert (weights[1, 0, :, 29:31] == 1).all()
    assert (weights[1, 0, :, :20] == 0).all() and (weights[1, 0, :, 40:] == 0).all()
    torch.testing.assert_close(weights[1], weights[1].flip(-1), rtol=0, atol=1e-12)


def test_each_image_has_its_own_direction():
    images = PIXELS.expand(2, -1, -1, -1)
    directions = torch.tensor([[1.0, 0.2], [0.1, 0.7]])
    together = color_shift(images, 6, directions)
    assert not torch.equal(together[0], together[1])
    for row in range(2):
        assert torch.equal(together[row : row + 1], color_shift(PIXELS, 6, directions[row : row + 1]))


@pytest.mark.parametrize("direction", [torch.rand(1, 2), torch.rand(2), torch.rand(2, 3)])
def test_one_direction_per_image(direction):
    with pytest.raises(InputError, match=r"2 images need draws \(B, 2\)"):
        color_shift(PIXELS.expand(2, -1, -1, -1), 3, direction)


@pytest.mark.parametrize(
    ("level", "published"),
    [
        (1, {(1, 0): 0.289, (0, 1): 0.289, (1, 1): 0.423}),
        (2, {(0, 3): 0.085, (3, 0): 0.085, (1, 3): 0.204, (3, 1): 0.204, (2, 2): 0.336, (2, 3): 0.043, (3, 2): 0.043}),
    ],
)
def test_distribution_of_the_shift(level, published):
    directions = draw(5, level, range(40_000), 64, 64)
    assert directions.dtype == torch.float64 and directions.shape == (40_000, 2)
    assert directions.min() > 0 and directions.max() <= 1
    angles = np.arctan2(*directions.T.numpy())
    shifts = np.floor(TYPES[5].levels[level - 1] * np.stack((np.sin(angles), np.cos(angles)), 1) + 0.5).tolist()
    assert {tuple(shift) for shift in shifts} == set(published)
    for shift, share in published.items():
        count = shifts.count(list(shift))
        # The published shares are rounded to three digits.
        assert any(stats.binomtest(count, len(shifts), share + off).pvalue > 1e-4 for off in (-5e-4, 0, 5e-4))
