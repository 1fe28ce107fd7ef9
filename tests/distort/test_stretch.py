"""The two stretches and the rounding around every distortion."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from syndr.distort.stretch import round_to_8bit, stretch_input, stretch_output
from syndr.errors import InputError


def grey(values, dtype=torch.uint8):
    """One image (1, 3, 1, N) of these values in all channels."""
    return torch.tensor(values).to(dtype).expand(1, 3, 1, -1)


def test_every_8bit_range_is_stretched_as_in_float64():
    """The claim that float32 division gives the rounded float64 quotient, for all 32,640 ranges."""
    for low in range(255):
        high = torch.arange(low + 1, 256)
        levels = torch.arange(256).expand(len(high), 256).clamp(low).minimum(high[:, None])
        images = levels.to(torch.uint8)[:, None, None].expand(-1, 3, 1, -1)
        exact = (levels - low).double() / (high - low).double()[:, None]
        names = range(len(images))
        assert torch.equal(stretch_input(images, torch.float64, names)[:, 0, 0], exact)
        assert torch.equal(stretch_input(images, torch.float32, names)[:, 0, 0], exact.float())


def test_the_whole_array_is_stretched_at_once():
    images = torch.tensor([10, 20, 30, 40, 50, 60], dtype=torch.uint8).view(1, 3, 1, 2)
    assert stretch_input(images, torch.float64, [0]).flatten().tolist() == [0, 0.2, 0.4, 0.6, 0.8, 1]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_float_near_8bit_is_taken_as_8bit(dtype):
    levels = torch.tensor([3, 77, 200, 254])
    nudged = levels.to(dtype) / 255 + torch.tensor([9e-7, -9e-7, 5e-7, 0], dtype=dtype)
    expected = stretch_input(grey(levels.tolist()), torch.float64, [0])
    assert torch.equal(stretch_input(grey(nudged.tolist(), dtype), torch.float64, [0]), expected)
    nudged[1] -= 3e-7  # now 1.2e-6 away
    result = stretch_input(grey(nudged.tolist(), dtype), torch.float64, [0])
    assert not torch.equal(result, expected)
    v = grey(nudged.tolist(), dtype).double()
    torch.testing.assert_close(result, (v - v.min()) / (v.max() - v.min()), rtol=0, atol=1e-15)


def test_8bit_is_decided_for_each_image_alone():
    eight_bit = grey([3, 77, 200, 254]).float() / 255
    other = grey([0.1234567, 0.3, 0.7, 0.9], torch.float32)
    both = stretch_input(torch.cat((eight_bit, other)), torch.float64, [0, 1])
    assert torch.equal(both[:1], stretch_input(eight_bit, torch.float64, [0]))
    assert torch.equal(both[1:], stretch_input(other, torch.float64, [0]))


@pytest.mark.parametrize("value", [0, 128, 255])
def test_constant_image_is_named(value):
    images = torch.cat((grey([1, 2]), grey([value, value])))
    with pytest.raises(InputError, match=r"image 'I07' is constant"):
        stretch_input(images, torch.float32, ["I06", "I07"])
    with pytest.raises(InputError, match=r"image 1 is constant"):
        stretch_input(images.float() / 255, torch.float32, [0, 1])


def test_constant_but_for_less_than_8bit_noise_is_constant():
    with pytest.raises(InputError, match="constant"):
        stretch_input(grey([0.2, 0.2 + 5e-7], torch.float64), torch.float64, [0])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), -1e-6, 1.001])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_values_outside_the_unit_range_are_refused(bad, dtype):
    images = torch.cat((grey([0.1, 0.9], dtype), grey([0.5, bad], dtype)))
    with pytest.raises(InputError, match=r"image 1 holds NaN or values outside \[0, 1\]"):
        stretch_input(images, torch.float32, [0, 1])


def test_output_stretch_per_image():
    images = torch.stack((torch.linspace(-0.5, 3, 12), torch.linspace(0.2, 0.4, 12))).view(2, 3, 2, 2)
    stretched = stretch_output(images)
    torch.testing.assert_close(stretched, torch.linspace(0, 1, 12).view(3, 2, 2).expand(2, -1, -1, -1))
    assert (stretched.amin((1, 2, 3)) == 0).all() and (stretched.amax((1, 2, 3)) == 1).all()


def test_output_that_became_constant_stays():
    images = torch.cat((torch.full((1, 3, 2, 2), 0.3), torch.linspace(0, 2, 12).view(1, 3, 2, 2)))
    stretched = stretch_output(images)
    assert torch.equal(stretched[0], images[0])
    assert stretched[1].max() == 1


@settings(deadline=None)
@given(st.lists(st.floats(-1, 2), min_size=1, max_size=20))
def test_rounding_is_half_up_and_saturates(values):
    expected = np.clip(np.floor(255 * np.array(values) + 0.5), 0, 255)
    assert round_to_8bit(torch.tensor(values, dtype=torch.float64)).tolist() == expected.tolist()


def test_rounding_is_decided_in_float64():
    halves = torch.arange(255, dtype=torch.float64) + 0.5
    assert torch.equal(round_to_8bit(halves / 255 + 1e-15).int(), torch.arange(1, 256).int())
    below = (halves / 255).float()
    below = torch.where(below.double() * 255 < halves, below, torch.nextafter(below, torch.zeros(())))
    assert torch.equal(round_to_8bit(below).int(), torch.arange(255).int())
