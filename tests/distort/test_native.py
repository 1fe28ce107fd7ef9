"""The CPU kernels of every instruction set against the torch definitions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from syndr import _native
from syndr.distort import TYPES, colorspace, distort, gaussian_blur, native
from syndr.distort.random import Stream
from syndr.distort.stretch import EIGHT_BIT_TOLERANCE, round_to_8bit, settle_into, stretch_input
from syndr.errors import InputError

KERNELS = _native.kernels()
FLOATS = (torch.float32, torch.float64)
GATE = {4: 1e-4, 24: 2e-5}  # float32 through Lab; see test_batch


@pytest.fixture(autouse=True)
def switched_on(monkeypatch):
    monkeypatch.delenv("SYNDR_DISTORT", raising=False)


@pytest.fixture(params=KERNELS)
def kernel(request, monkeypatch):
    monkeypatch.setenv("SYNDR_KERNEL", request.param)
    return request.param


@pytest.fixture
def by_torch(monkeypatch):
    """Call with the kernels switched off."""

    def call(function, *arguments):
        with monkeypatch.context() as context:
            context.setenv("SYNDR_DISTORT", "torch")
            return function(*arguments)

    return call


def random_images(*shape, dtype=torch.float64, seed=0):
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.mark.parametrize("number", TYPES)
def test_every_type_equals_its_torch_definition(photograph, kernel, by_torch, number):
    images = torch.cat([photograph(67, 93, seed=row, low=row, high=255 - 9 * row) for row in range(5)])
    for dtype in FLOATS:
        given_images = images.to(dtype) / 255
        expected = by_torch(distort, given_images, number, range(1, 6), range(5))
        result = distort(given_images, number, range(1, 6), range(5))
        atol = GATE.get(number, 2e-6) if dtype == torch.float32 else 1e-11
        torch.testing.assert_close(result, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (2, 3, 5, 7), (1, 3, 64, 129), (3, 4, 3, 2, 31)])
def test_lab(kernel, by_torch, dtype, shape):
    """Against float64, as the kernels compute in it whatever they are given."""
    images = random_images(*shape).to(dtype)
    lab = colorspace.rgb_to_lab(images)
    assert lab.dtype == dtype and lab.shape == shape
    in_float64 = by_torch(colorspace.rgb_to_lab, images.double())
    torch.testing.assert_close(lab.double(), in_float64, rtol=0, atol=1e-5 if dtype == torch.float32 else 1e-11)
    wild = (12 * in_float64 - 40).to(dtype)
    rgb = colorspace.lab_to_rgb(wild)
    assert rgb.dtype == dtype and rgb.min() >= 0 and rgb.max() <= 1
    expected = by_torch(colorspace.lab_to_rgb, wild.double())
    torch.testing.assert_close(rgb.double(), expected, rtol=0, atol=1e-7 if dtype == torch.float32 else 1e-11)


@pytest.mark.parametrize("dtype", FLOATS)
def test_lab_at_its_knees_and_ends(kernel, by_torch, dtype):
    """Every 8-bit grey, and values on both sides of where the curves have their two branches."""
    knees = torch.tensor([0.04045, 0.0031308, (6 / 29) ** 3, 12.92 * 0.0031308])
    values = torch.cat((torch.arange(256) / 255, knees - 1e-4, knees, knees + 1e-4)).to(dtype)
    images = values.view(1, 1, 1, -1).expand(1, 3, -1, -1)
    lab = colorspace.rgb_to_lab(images)
    expected = by_torch(colorspace.rgb_to_lab, images.double())
    torch.testing.assert_close(lab.double(), expected, rtol=0, atol=1e-5 if dtype == torch.float32 else 1e-11)
    assert colorspace.lab_to_rgb(lab)[0, :, 0, [0, 255]].double() == pytest.approx(
        np.array([[0, 1]] * 3), abs=1e-6 if dtype == torch.float32 else 1e-14
    )
    beyond = torch.tensor([-1e3, -1.0, 0.0, 100.0, 101.0, 1e4]).to(dtype).view(1, 1, 1, -1) * torch.ones(1, 3, 1, 1)
    beyond[:, 1:] = 0
    assert colorspace.lab_to_rgb(beyond)[0, 0, 0, [0, 1, 2, 4, 5]].tolist() == [0, 0, 0, 1, 1]


def test_missing_values_stay_missing(kernel):
    images = torch.full((1, 3, 1, 9), 0.5)
    images[..., 4] = torch.nan
    lab = colorspace.rgb_to_lab(images)
    assert lab.isnan()[0, 0, 0].tolist() == [False] * 4 + [True] + [False] * 4
    assert torch.equal(colorspace.lab_to_rgb(lab).isnan(), images.isnan())


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(KERNELS),
    st.sampled_from(FLOATS),
    st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 90)),
    st.sampled_from([0.1, 0.5, 1, 2, 3, 5, 11, 20]),
    st.integers(1, 3),
)
def test_blur(kernel, dtype, shape, sigma, threads):
    images = random_images(*shape, dtype=dtype, seed=sum(shape))
    with pytest.MonkeyPatch.context() as context:
        context.setenv("SYNDR_KERNEL", kernel)
        taps = np.exp(-(np.arange(-np.ceil(2 * sigma), np.ceil(2 * sigma) + 1) ** 2) / (2 * sigma**2))
        blurred = torch.from_numpy(_native.blur(images.numpy(), taps / taps.sum(), threads))
        context.setenv("SYNDR_DISTORT", "torch")
        expected = gaussian_blur(images, sigma)
    torch.testing.assert_close(blurred, expected, rtol=0, atol=1e-6 if dtype == torch.float32 else 1e-14)


@pytest.mark.parametrize("dtype", FLOATS)
def test_blur_bits_depend_on_nothing_but_the_neighbourhood(kernel, dtype):
    """Cut out of a picture with as much border as the kernel reaches: the same bits wherever it was cut."""
    images = random_images(1, 100, 150, dtype=dtype)
    whole = gaussian_blur(images, 2)
    for top, left, height, width in ((0, 0, 100, 150), (3, 5, 60, 70), (17, 1, 33, 141), (40, 60, 20, 9)):
        cut = images[:, top : top + height, left : left + width]
        inside = (slice(None), slice(4, -4), slice(4, -4))
        expected = whole[:, top : top + height, left : left + width][inside]
        assert torch.equal(gaussian_blur(cut, 2)[inside], expected)


@pytest.mark.parametrize("count", [1, 3, 4, 255, 256, 257, 40_001])
def test_random_numbers(kernel, by_torch, count):
    stream = Stream(torch.tensor([0, -1, 2**63 - 1, 12345]), 14, 3)
    for draw in (0, 7):
        uniform = stream.uniform((count,), draw)
        assert uniform.dtype == torch.float64
        assert torch.equal(uniform, by_torch(stream.uniform, (count,), draw))
        normal = stream.normal((count,), draw)
        assert normal.dtype == torch.float32
        expected = by_torch(stream.normal, (count,), draw)
        torch.testing.assert_close(normal, expected, rtol=1.2e-7, atol=1e-15)
        assert (normal != expected).float().mean() < 1e-4


def test_random_numbers_far_into_a_sequence_do_not_depend_on_threads():
    seeds = np.array([3, 4])
    for draw in (_native.draw_uniform, _native.draw_normal):
        alone = draw(seeds, (0, 11, 1), 200_003, 1)
        np.testing.assert_array_equal(draw(seeds, (0, 11, 1), 200_003, 3), alone)
        np.testing.assert_array_equal(draw(seeds[1:], (0, 11, 1), 70_001, 1)[0], alone[1, :70_001])


def pictures(dtype):
    """Pictures of every kind: 8-bit, nearly so, not so, and of narrow ranges."""
    levels = torch.randint(3, 240, (6, 3, 9, 13), generator=torch.Generator().manual_seed(2))
    if dtype == torch.uint8:
        return levels.to(dtype)
    images = levels.double() / 255
    images[1] += EIGHT_BIT_TOLERANCE * (0.8 - torch.rand(3, 9, 13))
    images[2, 1, 4, 7] += 1.5 * EIGHT_BIT_TOLERANCE
    images[3, 2, 8, 12] -= 1.5 * EIGHT_BIT_TOLERANCE
    images[4] = 0.3 + 0.01 * torch.rand(3, 9, 13)
    return images.to(dtype)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, *FLOATS])
@pytest.mark.parametrize("into", FLOATS)
def test_stretch_gives_the_same_bits(kernel, by_torch, dtype, into):
    images = pictures(dtype)
    into = torch.promote_types(into, dtype) if dtype.is_floating_point else into
    expected = by_torch(stretch_input, images, into, range(6))
    assert torch.equal(stretch_input(images, into, range(6)), expected)
    assert expected.dtype == into


@pytest.mark.parametrize("place", [0, 1, 50, 62, 63])
def test_stretch_finds_what_is_wrong_wherever_it_is(kernel, place):
    images = torch.full((2, 3, 3, 7), 0.5)
    images[0, 0, 0, 0] = 0.25
    images[1].view(-1)[min(place, 62)] = torch.nan
    with pytest.raises(InputError, match="image 1 holds NaN"):
        stretch_input(images, torch.float32, range(2))
    images[1].view(-1)[min(place, 62)] = 0.75
    assert stretch_input(images, torch.float32, range(2))[1].view(-1)[min(place, 62)] == 1
    images[1] = 0.5
    with pytest.raises(InputError, match="image 1 is constant"):
        stretch_input(images, torch.float32, range(2))


def test_where_the_kernels_work(monkeypatch):
    images = torch.rand(1, 3, 8, 8)
    assert native.takes(images) and native.takes(images.double()) and native.takes_pictures(images.byte())
    assert not native.takes(images.half()) and not native.takes(images.byte())
    assert not native.takes(images.to("meta"))
    wanted = images.clone().requires_grad_()
    assert not native.takes(wanted)
    assert colorspace.rgb_to_lab(wanted).requires_grad
    with torch.no_grad():
        assert native.takes(wanted)
        assert not colorspace.rgb_to_lab(wanted).requires_grad
    monkeypatch.setenv("SYNDR_DISTORT", "torch")
    assert not native.takes(images) and not native.takes_pictures(images.byte())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: _native.blur(np.zeros((2, 2)), np.ones(3), 1), "three dimensions"),
        (lambda: _native.blur(np.zeros((2, 2, 2)), np.ones(4), 1), "odd in number"),
        (lambda: _native.blur(np.zeros((2, 4, 4))[:, ::2], np.ones(3), 1), "contiguous"),
        (lambda: _native.blur(np.zeros((2, 2, 2), np.float16), np.ones(3), 1), "float32 or float64"),
        (lambda: _native.rgb_to_lab(np.zeros((1, 4, 5)), np.eye(3), 1), r"\(count, 3, pixels\)"),
        (lambda: _native.lab_to_rgb(np.zeros((1, 3, 5)), np.eye(2), 1), r"matrix.*\(3, 3\)"),
        (lambda: _native.extremes(np.zeros((1, 3, 5)), 1), "two dimensions"),
        (lambda: _native.extremes(np.zeros((2, 3), np.int32), 1), "float32 or float64"),
        (lambda: _native.stretch_to_f32(np.zeros((2, 3)), np.zeros(1), np.ones(2), np.ones(2, bool), 1), "low must"),
        (lambda: _native.stretch_to_f64(np.zeros((2, 3)), np.zeros(2), np.ones(2), np.ones(1, bool), 1), "eight_bit"),
        (lambda: _native.draw_normal(np.zeros((2, 2), np.int64), (0, 1, 1), 5, 1), "seeds must be one-dimensional"),
        (lambda: _native.draw_uniform(np.zeros(1, np.int64), (0, 1, 1), 2**34 + 1, 1), "count must be at most"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
@pytest.mark.parametrize("given", FLOATS)
@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (2, 3, 5, 7), (3, 3, 64, 65)])
def test_second_stretch(kernel, by_torch, shape, given, dtype):
    images = random_images(*shape, dtype=given) * 1.7 - 0.4
    images[0] = images[0, 0, 0, 0]  # one constant image among others
    result, expected = (torch.full(shape, 77).to(dtype) for _ in range(2))
    settle_into(images, result)
    by_torch(settle_into, images, expected)
    assert torch.equal(result, expected)


def test_second_stretch_rounds_ties_up_and_saturates(kernel):
    values = torch.arange(256, dtype=torch.float64).repeat(2)
    values[256:] = (values[256:] + 0.5).clamp(max=255)
    images = (values / 255).view(1, 1, 16, 32)
    result = torch.empty(images.shape, dtype=torch.uint8)
    settle_into(images, result)
    assert torch.equal(result, round_to_8bit(images))
    constant = torch.tensor([-3.0, 0.5, 2.0]).view(3, 1, 1, 1)
    levels = torch.empty(constant.shape, dtype=torch.uint8)
    settle_into(constant, levels)
    assert levels.flatten().tolist() == [0, 128, 255]


def test_second_stretch_of_nan(kernel, by_torch):
    images = random_images(2, 3, 5, 7)
    images[1, 2, 4, 6] = torch.nan
    result, expected = torch.empty_like(images), torch.empty_like(images)
    settle_into(images, result)
    by_torch(settle_into, images, expected)
    torch.testing.assert_close(result, expected, rtol=0, atol=0, equal_nan=True)
    assert result[1].isnan().all() and not result[0].isnan().any()
