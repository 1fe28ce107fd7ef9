"""Jitter: what the interpolation keeps, what happens at the border, and the displacements."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import kadid as oracle

from syndr import _native
from syndr.distort import TYPES, apply, cache, distort, draw, jitter
from syndr.errors import InputError


def draws(height, width, count=1):
    """No displacement in any pass."""
    return torch.zeros(count, 5, 2, height, width, dtype=torch.float64)


def images(height=20, width=24, seed=0):
    return torch.rand(1, 3, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_no_displacement_changes_nothing():
    assert torch.equal(jitter(images(), 1, draws(20, 24)), images())


def test_whole_displacements_move_pixels():
    """Down by 2 and left by 3, in the last pass; the border is replicated."""
    normal = draws(20, 24)
    normal[:, 4, 0], normal[:, 4, 1] = 4, -6
    rows = (torch.arange(20) - 2).clamp(0)
    columns = (torch.arange(24) + 3).clamp(max=23)
    # Three rows and two columns of border: the reach of the other axis.
    expected = images()[..., rows, :][..., columns]
    moved = jitter(images(), 0.5, normal)
    torch.testing.assert_close(moved[..., :-1], expected[..., :-1], rtol=0, atol=1e-15)
    # The last column asks for one beyond the border: not a number there, and so the darkest value.
    torch.testing.assert_close(moved[..., -1], moved[..., :-1].amin().expand(1, 3, 20), rtol=0, atol=1e-15)


@pytest.mark.parametrize("sigma", TYPES[19].levels)
def test_parabolas_are_kept_inside(sigma):
    """Keys's kernel reproduces polynomials up to the second degree; so the displacement can be read off."""
    row = torch.arange(40, dtype=torch.float64)[:, None].expand(40, 50)
    column = torch.arange(50, dtype=torch.float64).expand(40, 50)
    pictures = torch.stack((row**2, column**2, row * column))[None]
    normal = draws(40, 50)
    normal[:, 0] = torch.randn(2, 40, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    moved = jitter(pictures, sigma, normal)[0, :, 8:-8, 8:-8]
    y, x = row - sigma * normal[0, 0, 0], column - sigma * normal[0, 0, 1]
    expected = torch.stack((y**2, x**2, y * x))[:, 8:-8, 8:-8]
    torch.testing.assert_close(moved, expected, rtol=0, atol=1e-9)


def test_the_sample_beyond_the_border_by_hand():
    """At row -1/2 the samples are v0, v0, v1 and, beyond the one row of border, 3 v0 - 3 v0 + v1."""
    normal = draws(6, 7)
    normal[:, 0, 0, 0, 3] = 0.5  # one pixel of the first row looks half a pixel up
    normal[:, 0, 1, 5, 5] = 1e-6  # and something moves sideways, so that there is a border of one row
    v0, v1 = images(6, 7)[0, :, 0, 3], images(6, 7)[0, :, 1, 3]
    expected = (-v1 + 9 * v0 + 9 * v0 - v1) / 16
    torch.testing.assert_close(jitter(images(6, 7), 1, normal)[0, :, 0, 3], expected, rtol=0, atol=1e-15)


def test_a_wide_border_is_plain_replication():
    normal = draws(6, 7)
    normal[:, 0, 0, 0, 3] = 0.5
    normal[:, 0, 1, 5, 3] = 2
    v0, v1 = images(6, 7)[0, :, 0, 3], images(6, 7)[0, :, 1, 3]
    expected = (-v0 + 9 * v0 + 9 * v0 - v1) / 16
    torch.testing.assert_close(jitter(images(6, 7), 1, normal)[0, :, 0, 3], expected, rtol=0, atol=1e-15)


def test_outside_the_border_is_the_darkest_value_of_the_file():
    """The official code pads rows by the reach of the columns, so a pixel may look out of the padded picture."""
    normal = draws(12, 14, count=2)
    normal[0, 4, 0, 0, 6] = 1.5
    normal[0, 4, 1, 5, 5] = 0.5
    pictures = images(12, 14).expand(2, -1, -1, -1)
    moved = jitter(pictures, 1, normal)
    assert moved.isfinite().all()
    assert moved[0, :, 0, 6].tolist() == [moved[0].min().item()] * 3
    assert torch.equal(moved[1], pictures[1])
    np.testing.assert_allclose(
        moved[0].permute(1, 2, 0), oracle.jitter(pictures[0].permute(1, 2, 0).numpy(), 1, normal[0].numpy()), atol=1e-14
    )
    eight_bit = (pictures[:1] * 255).round().to(torch.uint8)
    assert apply(eight_bit, 19, 5, normal[:1])[0, :, 0, 6].tolist() == [0, 0, 0]


def test_a_picture_all_of_whose_pixels_look_outside_is_black():
    normal = draws(12, 14)
    normal[:, :, 0] = 1.5
    assert torch.equal(jitter(images(12, 14), 1, normal), torch.zeros(1, 3, 12, 14, dtype=torch.float64))


@settings(deadline=None, max_examples=40)
@given(st.integers(8, 30), st.integers(8, 30), st.floats(0.01, 3), st.integers(0, 2**32 - 1))
def test_equals_the_padding_twin(height, width, sigma, seed):
    normal = draw(19, 2, [seed], height, width).double()
    pictures = images(height, width, seed)
    expected = oracle.jitter(pictures[0].permute(1, 2, 0).numpy(), sigma, normal[0].numpy())
    np.testing.assert_allclose(jitter(pictures, sigma, normal)[0].permute(1, 2, 0), expected, atol=1e-12)


def test_channels_are_warped_alike_and_images_apart():
    grey = images(30, 31)[:, :1].expand(3, 3, -1, -1)
    moved = jitter(grey, 0.5, draw(19, 4, [1, 2, 1], 30, 31))
    assert torch.equal(moved[:, 0], moved[:, 1]) and torch.equal(moved[:, 0], moved[:, 2])
    assert torch.equal(moved[0], moved[2]) and not torch.equal(moved[0], moved[1])


def test_nothing_is_clamped(photograph):
    stretched = photograph(96, 128).double() / 255
    moved = jitter(stretched, 0.2, draw(19, 3, [3], 96, 128))
    assert moved.min() < -0.01 and moved.max() > 1.01


def test_harder_levels_move_more(photograph):
    image = photograph(96, 128)
    errors = [(distort(image, 19, level, 5).double() - image).square().mean().item() for level in range(1, 6)]
    assert errors == sorted(errors)


def test_displacements_are_standard_normal_and_independent():
    normal = draw(19, 4, [9], 200, 250)[0].double()
    assert normal.shape == (5, 2, 200, 250)
    n = normal[0, 0].numel()
    assert (normal.mean((2, 3)).abs() < 4.5 / np.sqrt(n)).all()
    assert ((normal.var((2, 3)) - 1).abs() < 4.5 * np.sqrt(2 / n)).all()
    fields = normal.flatten(2).flatten(0, 1).numpy()
    assert np.abs(np.corrcoef(fields) - np.eye(10)).max() < 4.5 / np.sqrt(n)
    for shift in ((0, 1), (1, 0), (1, 1)):
        assert ((normal * normal.roll(shift, (2, 3))).mean((2, 3)).abs() < 4.5 / np.sqrt(n)).all()


@pytest.mark.parametrize("shape", [(1, 5, 2, 8, 9), (2, 5, 2, 8, 8), (1, 4, 2, 8, 8), (1, 2, 8, 8)])
def test_draws_must_fit_the_images(shape):
    with pytest.raises(InputError, match=r"jitter: the draws must have the shape \(1, 5, 2, 8, 8\)"):
        jitter(torch.rand(1, 3, 8, 8), 0.1, torch.zeros(shape))


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(_native.kernels()),
    st.sampled_from([torch.float32, torch.float64]),
    st.tuples(st.integers(1, 30), st.integers(1, 150)),
    st.sampled_from([0.05, 0.3, 1, 4]),
    st.integers(1, 3),
    st.integers(0, 2**32 - 1),
)
def test_cpu_kernels_equal_the_torch_definition(kernel, dtype, size, sigma, threads, seed):
    """Down to pictures smaller than the samples that they need, and out of their borders."""
    pictures = images(*size, seed).to(dtype)
    normal = draw(19, 1, [seed], *size).to(dtype)
    with pytest.MonkeyPatch.context() as context:
        context.setenv("SYNDR_KERNEL", kernel)
        fields = normal[0].flatten(0, 1).numpy()
        warped = torch.from_numpy(_native.jitter(pictures[0].numpy(), fields, sigma, threads))
        context.setenv("SYNDR_DISTORT", "torch")
        expected = jitter(pictures, sigma, normal)[0]
    torch.testing.assert_close(warped, expected, rtol=1e-6, atol=1e-5 if dtype == torch.float32 else 1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_bits_do_not_depend_on_the_bands_or_the_batch(monkeypatch, dtype):
    monkeypatch.setenv("SYNDR_DISTORT", "torch")
    pictures = torch.cat([images(23, 31, seed) for seed in range(3)]).to(dtype)
    normal = draw(19, 1, range(3), 23, 31).to(dtype)
    together = jitter(pictures, 0.7, normal)
    monkeypatch.setattr(cache, "PIECE", 100)
    for row in range(3):
        one = slice(row, row + 1)
        assert torch.equal(jitter(pictures[one], 0.7, normal[one]), together[one])


def test_a_draw_that_is_no_number_leaves_a_picture_without_numbers_black():
    normal = draws(8, 9)
    normal[0, 0, 0, 3, 3] = torch.nan
    for kernels in ("", "torch"):
        with pytest.MonkeyPatch.context() as context:
            context.setenv("SYNDR_DISTORT", kernels)
            assert jitter(images(8, 9), 1, normal).isfinite().all()


def test_the_gradient_reaches_the_picture_and_the_draws():
    """The warp is linear in the picture; in the draws it is smooth but where a place is a pixel's."""
    pictures = images(7, 9).requires_grad_()
    normal = draw(19, 1, [6], 7, 9).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x, n: jitter(x, 0.3, n), (pictures, normal), atol=1e-6, fast_mode=True)


@pytest.mark.parametrize("kernel", _native.kernels())
def test_bits_do_not_depend_on_threads(monkeypatch, kernel):
    monkeypatch.setenv("SYNDR_KERNEL", kernel)
    picture = images(70, 90).float().numpy()[0]
    fields = draw(19, 5, [4], 70, 90)[0].flatten(0, 1).numpy()
    alone = _native.jitter(picture, fields, 1, 1)
    for threads in (2, 5):
        np.testing.assert_array_equal(_native.jitter(picture, fields, 1, threads), alone)


@pytest.mark.parametrize(
    ("image", "normal", "message"),
    [
        (np.zeros((4, 5, 6)), np.zeros((10, 5, 6)), r"image must have the shape \(3, rows, columns\)"),
        (np.zeros((3, 5, 6)), np.zeros((9, 5, 6)), r"normal must be contiguous, \(2 \* passes, rows, columns\)"),
        (np.zeros((3, 5, 6)), np.zeros((0, 5, 6)), "normal must be"),
        (np.zeros((3, 5, 6)), np.zeros((10, 6, 5)), "normal must be"),
        (np.zeros((3, 5, 6)), np.zeros((10, 5, 6), np.float32), "of the image's type"),
        (np.zeros((3, 5, 6)), np.zeros((10, 5, 12))[..., ::2], "normal must be contiguous"),
        (np.zeros((3, 5, 12))[..., ::2], np.zeros((10, 5, 6)), "image must be contiguous"),
        (np.zeros((3, 5, 6), np.float16), np.zeros((10, 5, 6), np.float16), "float32 or float64"),
    ],
)
def test_native_jitter_checks_its_arguments(image, normal, message):
    with pytest.raises((ValueError, TypeError), match=message):
        _native.jitter(image, normal, 1, 1)
