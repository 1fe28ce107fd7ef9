from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracle.pictures import resize
from torchvision.transforms import functional as torchvision_functional

from syndr.errors import ImageError, InputError
from syndr.images import center_crop, random_crop, resize_shorter_side


def picture(height, width, dtype=torch.uint8):
    image = torch.randint(0, 256, (3, height, width), generator=torch.Generator().manual_seed(height * 1000 + width))
    return image.to(dtype) if dtype == torch.uint8 else image.to(dtype) / 255


@given(height=st.integers(1, 40), width=st.integers(1, 40), size=st.integers(2, 40))
def test_resize_agrees_with_the_triangle_filter(height, width, size):
    image = picture(height, width, torch.float64)
    got = resize_shorter_side(image, size)
    shorter = min(height, width)
    expected = resize(image.numpy(), size * height // shorter, size * width // shorter)
    assert got.shape == expected.shape
    assert np.abs(got.numpy() - expected).max() < 1e-12
    assert min(got.shape[-2:]) == size


@pytest.mark.parametrize(("height", "width", "size"), [(37, 50, 20), (20, 11, 33), (64, 64, 16)])
def test_resized_bytes_are_the_rounded_result(height, width, size):
    image = picture(height, width)
    got = resize_shorter_side(image, size)
    assert got.dtype == torch.uint8
    assert np.abs(got.numpy() - resize(image.numpy(), *got.shape[-2:])).max() <= 0.5 + 1e-3


def test_a_picture_of_the_right_size_is_untouched():
    image = picture(20, 30)
    assert resize_shorter_side(image, 20) is image


@given(height=st.integers(8, 30), width=st.integers(8, 30))
def test_center_crop_lies_where_torchvision_puts_it(height, width):
    image = picture(height, width)
    got = center_crop(image, 8)
    assert torch.equal(got, torchvision_functional.center_crop(image, [8, 8]))
    assert got.is_contiguous()


@pytest.mark.parametrize(("height", "width"), [(3, 30), (30, 3), (1, 1), (7, 7), (7, 8), (8, 7), (100, 5)])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_a_picture_smaller_than_the_crop_is_enlarged_first(height, width, dtype):
    image = picture(height, width, dtype)
    enlarged = resize_shorter_side(image, 8)
    assert torch.equal(center_crop(image, 8), center_crop(enlarged, 8))
    assert center_crop(image, 8).shape == (3, 8, 8)
    assert random_crop(image, 8, 0.99, 0.99).shape == (3, 8, 8)


def test_default_crop_is_224():
    assert center_crop(picture(230, 300)).shape == (3, 224, 224)


def test_a_batch_is_cropped_like_its_pictures():
    batch = torch.stack([picture(10, 20), picture(10, 20) // 2])
    for size in (4, 15):
        expected = torch.stack([center_crop(one, size) for one in batch])
        assert torch.equal(center_crop(batch, size), expected)


def test_random_crop_reaches_every_place_equally():
    image = torch.arange(3 * 6 * 9, dtype=torch.float32).view(3, 6, 9)
    draws = (torch.arange(12, dtype=torch.float64) + 0.5) / 12
    tops = [int(random_crop(image, 4, float(u), 0.0)[0, 0, 0]) // 9 for u in draws]
    assert sorted(tops) == [0] * 4 + [1] * 4 + [2] * 4
    last = float(np.nextafter(1.0, 0.0))
    assert torch.equal(random_crop(image, 4, last, last), image[:, 2:, 5:])
    assert torch.equal(random_crop(image, 4, 0.0, 0.0), image[:, :4, :4])


def test_random_crop_of_a_batch_takes_one_draw_for_each_picture():
    batch = torch.stack([picture(10, 20), picture(10, 20) // 2, picture(10, 20) // 3])
    u_y, u_x = torch.tensor([0.0, 0.5, 0.999]), torch.tensor([0.3, 0.999, 0.0])
    got = random_crop(batch, 6, u_y, u_x)
    expected = [random_crop(one, 6, float(y), float(x)) for one, y, x in zip(batch, u_y, u_x, strict=True)]
    assert torch.equal(got, torch.stack(expected))
    assert torch.equal(random_crop(batch, 6, 0.5, 0.5)[1], random_crop(batch[1], 6, 0.5, 0.5))


@pytest.mark.parametrize("u", [-0.1, 1.0, float("nan")])
def test_draws_outside_the_unit_interval(u):
    with pytest.raises(InputError, match=r"must lie in \[0, 1\)"):
        random_crop(picture(9, 9), 4, u, 0.5)


def test_wrong_number_of_draws():
    batch = torch.stack([picture(9, 9)] * 3)
    with pytest.raises(InputError, match="2 and 3 draws do not fit"):
        random_crop(batch, 4, torch.zeros(2), torch.zeros(3))
    with pytest.raises(InputError, match="2 and 2 draws do not fit"):
        random_crop(batch[0], 4, torch.zeros(2), torch.zeros(2))


def test_too_elongated():
    with pytest.raises(ImageError, match="1 x 100000 pixels is too elongated"):
        center_crop(torch.zeros((3, 100000, 1), dtype=torch.uint8), 224)


def test_one_pixel_is_too_small():
    with pytest.raises(InputError, match="choose at least 2 pixels"):
        resize_shorter_side(picture(4, 2), 1)
    assert torch.equal(center_crop(picture(3, 1), 1), picture(3, 1)[:, 1:2])


@pytest.mark.parametrize("image", [torch.zeros(3, 5), torch.zeros((3, 5, 5), dtype=torch.int32)])
def test_other_tensors(image):
    with pytest.raises(InputError, match="uint8 or floating of shape"):
        center_crop(image, 2)


@pytest.mark.parametrize(("shape", "size"), [((3, 5, 5), 0), ((3, 0, 5), 2)])
def test_no_pixels(shape, size):
    with pytest.raises(InputError, match="cannot crop or resize"):
        center_crop(torch.zeros(shape), size)
