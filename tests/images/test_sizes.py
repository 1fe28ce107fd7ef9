import pytest
import torch

from syndr.errors import InputError
from syndr.images import resize_input, resize_shorter_side


@pytest.fixture
def image():
    return torch.arange(3 * 40 * 60, dtype=torch.int64).remainder(251).to(torch.uint8).view(3, 40, 60)


def test_native_is_the_picture_itself(image):
    assert resize_input(image, "native") is image
    assert resize_input(image, "shorter-40") is image
    assert resize_input(image, "60x40") is image


def test_shorter_side_keeps_the_aspect(image):
    assert torch.equal(resize_input(image, "shorter-20"), resize_shorter_side(image, 20))
    assert resize_input(image, "shorter-80").shape == (3, 80, 120)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_width_and_height(image, dtype):
    given = image if dtype == torch.uint8 else image.to(dtype) / 255
    found = resize_input(given, "32x24")
    assert found.shape == (3, 24, 32)
    assert found.dtype == dtype
    exact = resize_input(image.double(), "32x24")
    scale = 1 if dtype == torch.uint8 else 255
    assert (found.double() * scale - exact).abs().max() <= (0.501 if dtype == torch.uint8 else 1e-3)


@pytest.mark.parametrize("size", ["512", "shorter-", "shorter-1", "0x9", "5x1", "axb", "Native", "512X512", ""])
def test_other_words_are_refused(image, size):
    with pytest.raises(InputError, match="input size must be native, shorter-N or WxH"):
        resize_input(image, size)
