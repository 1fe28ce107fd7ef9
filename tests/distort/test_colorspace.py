"""Colour spaces: their constants, primaries, neutrals, there and back, and what lies outside the gamut."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracle import kadid_color as oracle

from syndr.distort import colorspace

UNIT = st.floats(0, 1)


def pixel(*values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype).view(1, 3, 1, 1)


def values(images):
    return images.flatten().tolist()


def colours(count=4096):
    return torch.rand(1, 3, count, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        # The published CIE Lab (D65) values of sRGB's primaries, to the digits that their rounded matrices share.
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
        ((0.7359, 0.6566, 0.6010), (70, 5, 10)),  # the example of MATLAB's lab2rgb
    ],
)
def test_lab_of_known_colours(rgb, lab):
    assert values(colorspace.rgb_to_lab(pixel(*rgb))) == pytest.approx(lab, abs=0.01)
    assert values(colorspace.lab_to_rgb(pixel(*lab))) == pytest.approx(rgb, abs=1e-3)


def test_neutral_colours_have_no_chroma():
    grey = torch.linspace(0, 1, 1001, dtype=torch.float64).view(1, 1, -1, 1).expand(1, 3, -1, -1)
    lab = colorspace.rgb_to_lab(grey)
    assert lab[:, 1:].abs().max() < 1e-12
    assert (lab[:, 0].diff(dim=1) > 0).all()
    ycbcr = colorspace.rgb_to_ycbcr(grey)
    torch.testing.assert_close(ycbcr[:, 1:], torch.full_like(ycbcr[:, 1:], 128 / 255))
    torch.testing.assert_close(colorspace.rgb_to_grey(grey), grey[:, :1])


def test_the_matrix_follows_from_primaries_and_white():
    own = np.array(colorspace.RGB_TO_RELATIVE_XYZ) * oracle.WHITE[:, None]
    np.testing.assert_allclose(own, oracle.rgb_to_xyz_matrix(), rtol=0, atol=1e-15)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_there_and_back(dtype, atol):
    images = colours().to(dtype)
    for to, back in (
        (colorspace.rgb_to_lab, colorspace.lab_to_rgb),
        (colorspace.rgb_to_ycbcr, colorspace.ycbcr_to_rgb),
        (colorspace.decode_srgb, colorspace.encode_srgb),
    ):
        before = images.clone()
        converted = to(images)
        assert converted.dtype == dtype and converted.shape == images.shape
        torch.testing.assert_close(back(converted), images, rtol=0, atol=atol)
        assert torch.equal(images, before)


@given(UNIT, UNIT, UNIT)
def test_lab_equals_the_scalar_twin(red, green, blue):
    own = colorspace.rgb_to_lab(pixel(red, green, blue))
    np.testing.assert_allclose(own.flatten(), oracle.rgb_to_lab(np.array([red, green, blue])), rtol=0, atol=1e-12)


@given(st.floats(-400, 500), st.floats(-1300, 1300), st.floats(-1300, 1300))
def test_lab_far_outside_the_gamut_is_only_clamped_at_the_end(lightness, a, b):
    own = colorspace.lab_to_rgb(pixel(lightness, a, b))
    np.testing.assert_allclose(own.flatten(), oracle.lab_to_rgb(np.array([lightness, a, b])), rtol=0, atol=1e-9)


def test_negative_xyz_counts():
    """A colour whose Z is negative: clamping Z at 0, as other conversions do, would move its blue and green."""
    lab = pixel(40.0, 0.0, 150.0)
    z = (40 + 16) / 116 - 150 / 200
    assert z < 0
    clamped = pixel(40.0, 0.0, 200 * ((40 + 16) / 116 - 4 / 29))
    difference = colorspace.lab_to_rgb(lab) - colorspace.lab_to_rgb(clamped)
    assert difference.abs().max() > 0.005


def test_ycbcr_range_and_known_values():
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 3).T.view(1, 3, -1, 1)
    planes = 255 * colorspace.rgb_to_ycbcr(corners)
    assert planes.amin((0, 2, 3)).tolist() == pytest.approx([16, 16, 16], abs=1e-6)
    assert planes.amax((0, 2, 3)).tolist() == pytest.approx([235, 240, 240], abs=1e-6)
    assert values(255 * colorspace.rgb_to_ycbcr(pixel(1.0, 0.0, 0.0))) == pytest.approx([81.481, 90.203, 240], abs=1e-9)


def test_rgb_from_ycbcr_is_clamped():
    for planes in (pixel(0.0, 0.0, 0.0), pixel(1.0, 1.0, 1.0)):
        rgb = colorspace.ycbcr_to_rgb(planes)
        assert rgb.min() >= 0 and rgb.max() <= 1


def test_grey_of_the_primaries_and_its_clamp():
    primaries = torch.eye(3, dtype=torch.float64).view(1, 3, 3, 1)
    weights = [0.29893602129377550, 0.58704307445112125, 0.11402090425510331]
    assert values(colorspace.rgb_to_grey(primaries)) == weights
    assert values(colorspace.rgb_to_grey(2 * primaries)) == [2 * weights[0], 1, 2 * weights[2]]
