"""Noise: its draws and its statistics, as the specification lists them."""

import numpy as np
import pytest
import torch
from scipy import stats

from syndr.distort import TYPES, draw, impulse_noise, multiplicative_noise, white_noise, ycbcr_noise
from syndr.errors import InputError


@pytest.mark.parametrize("level", range(1, 6))
def test_variance_and_mean_away_from_clipping(level):
    """The specification's own test: variance within 2 %, mean within 0.0005."""
    variance = TYPES[11].levels[level - 1]
    images = torch.rand(4, 3, 384, 256, generator=torch.Generator().manual_seed(1))
    noisy = white_noise(images, variance, draw(11, level, range(4), 384, 256))
    # Further from the ends than the specification's 0.2, where level 5 clips at two standard deviations.
    middle = (images - 0.5).abs() < 0.1
    noise = (noisy - images)[middle].double()
    assert noise.var().item() == pytest.approx(variance, rel=0.02)
    assert noise.mean().item() == pytest.approx(0, abs=5e-4)
    assert noisy.min() >= 0 and noisy.max() <= 1


def test_given_draws_and_clamping():
    images = torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1)
    normal = torch.tensor([-1.0, 2.0, 3.0]).view(1, 3, 1, 1)
    torch.testing.assert_close(white_noise(images, 0.01, normal).flatten(), torch.tensor([0.0, 0.7, 1.0]))
    assert images.flatten().tolist() == [0, 0.5, 1] and normal.flatten().tolist() == [-1, 2, 3]


def test_draws_of_channels_pixels_and_images_are_independent():
    normal = draw(11, 2, [3, 4], 200, 300).double()
    fields = normal.flatten(2).flatten(0, 1).numpy()
    bound = 4.5 / np.sqrt(fields.shape[1])
    assert np.abs(np.corrcoef(fields) - np.eye(6)).max() < bound
    for shift in ((0, 1), (1, 0), (1, 1), (0, 2), (4, 0)):
        product = (normal * normal.roll(shift, (2, 3))).mean((2, 3))
        assert product.abs().max() < bound


@pytest.mark.parametrize("level", range(1, 6))
def test_component_noise_reaches_rgb_through_all_three_planes(level):
    """The specification's variances in R, G and B away from clipping, correlated through Y."""
    variance = TYPES[12].levels[level - 1]
    images = torch.full((2, 3, 384, 512), 0.5)
    noise = (ycbcr_noise(images, variance, draw(12, level, range(2), 384, 512)) - 0.5).double()
    assert (noise.abs() >= 0.5).double().mean() < 1e-4, "next to nothing was clipped"
    channels = noise.transpose(0, 1).flatten(1)
    assert (channels.var(1) / variance).tolist() == pytest.approx([3.903, 2.170, 5.425], rel=0.02)
    # R = 1.164 Y + 1.596 Cr and B = 1.164 Y + 2.017 Cb have Y alone in common.
    shared = (255 / 219) ** 2 / np.sqrt(3.903 * 5.425)
    assert torch.corrcoef(channels)[0, 2].item() == pytest.approx(shared, abs=0.01)
    assert channels.mean(1).abs().max() < 1e-3


def test_noisy_planes_and_rgb_are_clamped():
    white = torch.ones(1, 3, 1, 1)
    brighter = ycbcr_noise(white, 1, torch.tensor([5.0, 0.0, 0.0]).view(1, 3, 1, 1))
    torch.testing.assert_close(brighter, white)
    # Cr of -inf is clamped to 0 before it is converted: red falls by 1.596 * 128 / 255, and no further.
    less_red = ycbcr_noise(white, 1, torch.tensor([0.0, 0.0, -9.0]).view(1, 3, 1, 1))
    assert less_red[0, 0].item() == pytest.approx(1 - 255 / 224 * 1.402 * 128 / 255, abs=1e-4)


@pytest.mark.parametrize("level", range(1, 6))
def test_impulses_hit_samples_of_each_channel_alone(level):
    density = TYPES[13].levels[level - 1]
    images = torch.full((4, 3, 384, 512), 0.5)
    noisy = impulse_noise(images, density, draw(13, level, range(4), 384, 512))
    black, white = noisy == 0, noisy == 1
    assert (black | white | (noisy == 0.5)).all()
    for impulses in (black, white):
        counts = impulses.sum((0, 2, 3)).tolist()
        for count in counts:
            assert stats.binomtest(count, images[:, 0].numel(), density / 2).pvalue > 1e-5
        assert impulses.double().mean().item() == pytest.approx(density / 2, rel=0.1)
    hit = (black | white).sum(1)
    assert (hit == 1).sum() > 50 * (hit == 3).sum(), "specks are coloured"


def test_impulses_by_their_draws():
    images = torch.tensor([0.2, 0.4, 0.6]).view(1, 3, 1, 1).expand(1, 3, 1, 2)
    uniform = torch.tensor([[0.0, 0.0099], [0.01, 0.0199], [0.02, 0.99]], dtype=torch.float64).view(1, 3, 1, 2)
    expected = torch.tensor([[0, 0], [1, 1], [0.6, 0.6]]).view(1, 3, 1, 2)
    assert torch.equal(impulse_noise(images, 0.02, uniform), expected)


@pytest.mark.parametrize("level", range(1, 6))
def test_multiplicative_noise_is_uniform_and_bounded(level):
    variance = TYPES[14].levels[level - 1]
    images = 0.2 + 0.4 * torch.rand(2, 3, 384, 512, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    noisy = multiplicative_noise(images, variance, draw(14, level, range(2), 384, 512))
    share = ((noisy - images) / images).flatten()
    bound = np.sqrt(3 * variance)
    assert share.abs().max() <= bound
    assert share.var().item() == pytest.approx(variance, rel=0.02)
    assert stats.kstest(share[::10], stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-4
    assert abs(np.corrcoef(share, images.flatten())[0, 1]) < 4.5 / np.sqrt(share.numel())


def test_multiplicative_noise_is_clamped_and_leaves_black():
    images = torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1)
    uniform = torch.tensor([0.9, 0.0, 0.9]).view(1, 3, 1, 1)
    noisy = multiplicative_noise(images, 0.03, uniform).flatten()
    torch.testing.assert_close(noisy, torch.tensor([0, 0.5 - 0.25 * 0.6, 1]))


@pytest.mark.parametrize("function", [white_noise, ycbcr_noise, impulse_noise, multiplicative_noise])
def test_draws_must_fit_the_images(function):
    with pytest.raises(InputError, match="need as many draws"):
        function(torch.rand(2, 3, 8, 8), 0.1, torch.zeros(1, 3, 8, 8))
