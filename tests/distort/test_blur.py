"""Gaussian, lens and motion blur: kernels, impulse responses, borders."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import kadid as oracle
from scipy import stats

from syndr import _native
from syndr.distort import TYPES, draw, gaussian_blur, lens_blur, motion_blur
from syndr.distort.blur import correlate, disc_kernel, gaussian_taps, motion_kernel
from syndr.errors import InputError


@pytest.mark.parametrize(("sigma", "size"), list(zip(TYPES[1].levels, (3, 3, 5, 9, 21), strict=True)))
def test_gaussian_impulse_response(sigma, size):
    impulse = torch.zeros(1, 3, 41, 41, dtype=torch.float64)
    impulse[:, 1, 20, 20] = 1
    response = gaussian_blur(impulse, sigma)
    assert response[:, [0, 2]].abs().max() == 0
    radius = size // 2
    taps = np.exp(-(np.arange(-radius, radius + 1.0) ** 2) / (2 * sigma**2))
    taps /= taps.sum()
    inside = response[0, 1, 20 - radius : 21 + radius, 20 - radius : 21 + radius]
    np.testing.assert_allclose(inside, np.outer(taps, taps), atol=1e-15)
    assert response.sum().item() == pytest.approx(1, abs=1e-14)
    assert (response[0, 1] != 0).sum().item() == (1 if sigma == 0.1 else size**2)


def test_the_smallest_sigma_has_a_single_tap():
    assert gaussian_taps(0.1).tolist() == [0, 1, 0]


@pytest.mark.parametrize("sigma", TYPES[1].levels)
def test_gaussian_keeps_constants_and_the_inside_of_ramps(sigma):
    ramp = torch.linspace(0, 1, 64, dtype=torch.float64).expand(1, 3, 50, 64)
    torch.testing.assert_close(gaussian_blur(torch.full_like(ramp, 0.7), sigma), torch.full_like(ramp, 0.7))
    blurred = gaussian_blur(ramp, sigma)
    torch.testing.assert_close(blurred[..., 10:-10], ramp[..., 10:-10])
    if sigma >= 1:
        assert (blurred[..., 0] > 0.001).all(), "the replicated border bends the ramp"


def test_disc_of_radius_1_is_the_specifications():
    corner, edge, centre = 0.025079, 0.145344, 0.318310
    expected = [[corner, edge, corner], [edge, centre, edge], [corner, edge, corner]]
    torch.testing.assert_close(disc_kernel(1), torch.tensor(expected, dtype=torch.float64), rtol=0, atol=5e-7)


@pytest.mark.parametrize("radius", [*TYPES[2].levels, 0.3, 2.5, 3.2])
def test_disc_weights_are_areas(radius):
    kernel = disc_kernel(radius)
    assert kernel.sum().item() == pytest.approx(1, abs=1e-14)
    torch.testing.assert_close(kernel, kernel.T, rtol=0, atol=1e-15)
    torch.testing.assert_close(kernel, kernel.flip(0), rtol=0, atol=1e-15)
    # By counting: a fine grid of points in each pixel.
    half, fine = len(kernel) // 2, 400
    at = (np.arange((2 * half + 1) * fine) + 0.5) / fine - half - 0.5
    inside = at[:, None] ** 2 + at[None] ** 2 <= radius**2
    counted = inside.reshape(len(kernel), fine, len(kernel), fine).mean((1, 3))
    np.testing.assert_allclose(kernel * math.pi * radius**2, counted, atol=2e-3)


@pytest.mark.parametrize("radius", TYPES[2].levels)
def test_lens_impulse_response_and_constants(radius):
    impulse = torch.zeros(1, 3, 31, 33, dtype=torch.float64)
    impulse[:, 1, 15, 16] = 1
    response = lens_blur(impulse, radius)
    assert response[:, [0, 2]].abs().max() == 0
    inside = response[0, 1, 15 - radius : 16 + radius, 16 - radius : 17 + radius]
    torch.testing.assert_close(inside, disc_kernel(radius), rtol=0, atol=1e-15)
    assert response.sum().item() == pytest.approx(1, abs=1e-13)
    torch.testing.assert_close(lens_blur(torch.full_like(impulse, 0.3), radius), torch.full_like(impulse, 0.3))


def test_motion_kernels_known_by_hand():
    eye = torch.tensor([[1.0]], dtype=torch.float64)
    quarter = torch.tensor([[0.25, 0.5, 0.25]], dtype=torch.float64)
    torch.testing.assert_close(motion_kernel(1, 0), eye)
    torch.testing.assert_close(motion_kernel(2, 0), quarter)
    torch.testing.assert_close(motion_kernel(2, 180), quarter)
    torch.testing.assert_close(motion_kernel(2, 90), quarter.T)
    # Length 4 along a row: three whole pixels, and half a pixel at either end.
    expected = torch.tensor([[0.5, 1, 1, 1, 0.5]], dtype=torch.float64) / 4
    torch.testing.assert_close(motion_kernel(4, 0), expected)


def test_motion_turns_counter_clockwise():
    """At 45 degrees the line rises to the right: upper right and lower left, rows growing downwards."""
    kernel = motion_kernel(10, 45)
    size = len(kernel) // 2
    assert kernel[size - 2, size + 2] > 0.05
    assert kernel[size - 2, size - 2] == 0
    assert torch.equal(kernel, motion_kernel(10, 45).flip(0, 1))
    torch.testing.assert_close(motion_kernel(10, 135), kernel.flip(0))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(TYPES[3].levels), st.integers(0, 180))
def test_motion_kernel_equals_the_scalar_twin(length, angle):
    kernel = motion_kernel(length, angle)
    np.testing.assert_allclose(kernel, oracle.motion_kernel(length, angle), atol=1e-15)
    assert torch.equal(kernel, kernel.flip(0, 1))
    assert kernel.sum().item() == pytest.approx(1, abs=1e-12)
    assert kernel.min() >= 0


@pytest.mark.parametrize("angle", range(0, 181, 15))
def test_motion_of_length_one_changes_nothing(angle):
    images = torch.rand(1, 3, 9, 11, dtype=torch.float64)
    torch.testing.assert_close(motion_blur(images, 1, torch.tensor([angle])), images, rtol=0, atol=1e-15)


def test_motion_spreads_along_its_line():
    """Second moments of the impulse response: the long axis points along the angle."""
    for angle in (20, 70, 110, 160):
        kernel = motion_kernel(10, angle).numpy()
        rows, columns = np.indices(kernel.shape) - np.array(kernel.shape)[:, None, None] // 2
        xx, yy, xy = ((kernel * m).sum() for m in (columns**2, rows**2, -rows * columns))
        assert math.degrees(0.5 * math.atan2(2 * xy, xx - yy)) % 180 == pytest.approx(angle, abs=2)


def test_each_image_has_its_own_angle():
    images = torch.rand(1, 3, 20, 24).expand(3, -1, -1, -1)
    angles = torch.tensor([0, 45, 90])
    together = motion_blur(images, 6, angles)
    for row, angle in enumerate(angles):
        assert torch.equal(together[row : row + 1], motion_blur(images[:1], 6, angle[None]))
    assert not torch.equal(together[0], together[2])


@pytest.mark.parametrize("angles", [torch.tensor([1]), torch.tensor(1), torch.tensor([[1], [2]])])
def test_one_angle_per_image(angles):
    with pytest.raises(InputError, match="2 images need as many angles"):
        motion_blur(torch.rand(2, 3, 8, 8), 4, angles)


def test_angles_are_uniform_over_0_to_180():
    angles = torch.cat([draw(3, level, range(40_000), 64, 64) for level in (2, 5)])
    counts = np.bincount(angles.numpy(), minlength=181)
    assert len(counts) == 181 and counts[0] > 0 and counts[180] > 0
    assert stats.chisquare(counts).pvalue > 1e-4
    # Both ends are horizontal, which so has twice the weight of any other direction.
    assert stats.binomtest(int(counts[0] + counts[180]), len(angles), 2 / 181).pvalue > 1e-4
    assert abs(np.corrcoef(angles[:40_000], angles[40_000:])[0, 1]) < 4.5 / np.sqrt(40_000)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 3), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_correlation_replicates_the_border(height, width, above, left, seed):
    rng = np.random.default_rng(seed)
    image, kernel = rng.random((height, width, 3)), rng.random((2 * above + 1, 2 * left + 1))
    result = correlate(torch.from_numpy(image).permute(2, 0, 1), torch.from_numpy(kernel))
    np.testing.assert_allclose(result.permute(1, 2, 0), oracle.each_channel(image, kernel), atol=1e-12)


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(_native.kernels()),
    st.sampled_from([torch.float32, torch.float64]),
    st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 150)),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
    st.integers(1, 3),
    st.integers(0, 2**32 - 1),
)
def test_cpu_kernels_correlate_as_the_torch_definition(kernel, dtype, shape, reach, threads, seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(*shape, dtype=torch.float64, generator=generator).to(dtype)
    weights = torch.rand(2 * reach[0] + 1, 2 * reach[1] + 1, dtype=torch.float64, generator=generator)
    weights[weights < 0.3] = 0
    weights /= max(weights.sum().item(), 1)
    with pytest.MonkeyPatch.context() as context:
        context.setenv("SYNDR_KERNEL", kernel)
        result = torch.from_numpy(_native.correlate(images.numpy(), weights.numpy(), threads))
        context.setenv("SYNDR_DISTORT", "torch")
        expected = correlate(images, weights)
    torch.testing.assert_close(result, expected, rtol=0, atol=2e-6 if dtype == torch.float32 else 1e-14)


def test_native_correlation_checks_its_arguments():
    for weights in (np.ones(3), np.ones((3, 4)), np.ones((2, 3))):
        with pytest.raises(ValueError, match="two dimensions, both odd"):
            _native.correlate(np.zeros((1, 4, 5)), weights, 1)
    with pytest.raises(ValueError, match="contiguous"):
        _native.correlate(np.zeros((1, 4, 10))[..., ::2], np.ones((3, 3)), 1)


@pytest.mark.parametrize("blur", [lambda images: lens_blur(images, 2), lambda images: gaussian_blur(images, [])])
def test_no_images_stay_no_images(blur):
    assert blur(torch.zeros(0, 3, 16, 16)).shape == (0, 3, 16, 16)
