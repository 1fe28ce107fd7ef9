"""Pixelate, patches and blocks: sizes, places, and the scalar twins."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import kadid as oracle
from scipy import stats

from syndr.distort import TYPES, color_block, draw, non_eccentricity_patch, pixelate
from syndr.errors import InputError

SCALES = (0.88690, 0.78427, 0.69881, 0.56927, 0.29025)


@settings(deadline=None)
@given(st.sampled_from(TYPES[21].levels), st.integers(1, 300), st.integers(1, 300))
def test_equals_the_scalar_twin(strength, height, width):
    coordinates = torch.stack(torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij"))
    expected = oracle.pixelate(coordinates.permute(1, 2, 0).numpy(), strength)
    np.testing.assert_array_equal(pixelate(coordinates, strength).permute(1, 2, 0), expected)


@pytest.mark.parametrize(("strength", "scale"), list(zip(TYPES[21].levels, SCALES, strict=True)))
def test_number_and_order_of_the_blocks(strength, scale):
    coordinates = torch.stack(torch.meshgrid(torch.arange(384), torch.arange(512), indexing="ij"))
    rows, columns = pixelate(coordinates, strength)
    # At the far border the clamp may copy one pixel twice on the way down.
    assert np.ceil(scale * 384) - 1 <= len(rows.unique()) <= np.ceil(scale * 384)
    assert np.ceil(scale * 512) - 1 <= len(columns.unique()) <= np.ceil(scale * 512)
    assert (rows[1:] >= rows[:-1]).all() and (columns[:, 1:] >= columns[:, :-1]).all()
    assert (rows - coordinates[0]).abs().max() <= np.ceil(1 / scale)


def test_values_are_only_moved():
    images = torch.rand(2, 3, 33, 47)
    assert set(pixelate(images, 0.5).flatten().tolist()) <= set(images.flatten().tolist())


def coordinates(height, width, dtype=torch.float64):
    """(1, 3, H, W): rows, columns, and the number of the pixel."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack((rows, columns, rows * width + columns)).to(dtype)[None]


def patch_draws(*patches):
    return torch.tensor([patches], dtype=torch.float64)


def test_a_patch_by_hand():
    """The first corner allowed, moved by (+3, -5): u = 1/2 + move / 16."""
    images = coordinates(64, 80)
    moved = non_eccentricity_patch(images, 1, patch_draws((0, 0, 0.5 + 3 / 16, 0.5 - 5 / 16)))
    expected = images.clone()
    expected[..., 10:26, 18:34] = images[..., 15:31, 15:31]
    assert torch.equal(moved, expected)


def test_the_last_patch_stays_inside():
    images = coordinates(64, 80)
    end = 1 - 2.0**-32
    moved = non_eccentricity_patch(images, 1, patch_draws((end, end, end, end)))
    expected = images.clone()
    expected[..., 39:55, 55:71] = images[..., 31:47, 47:63]
    assert torch.equal(moved, expected)


def test_a_later_patch_copies_what_an_earlier_one_brought():
    images = coordinates(48, 48)
    moved = non_eccentricity_patch(images, 2, patch_draws((0, 0, 1, 0.5), (0, 0, 1, 0.5)))
    # Both patches start at column 15 and go 8 to the right: the second moves the first's left half on.
    assert moved[0, 1, 20, 23:39].tolist() == [*range(15, 23), *range(15, 23)]


@settings(deadline=None, max_examples=30)
@given(st.integers(48, 90), st.integers(48, 90), st.integers(0, 40), st.integers(0, 2**32))
def test_patches_equal_the_sequential_twin(height, width, count, seed):
    images = torch.cat([coordinates(height, width), torch.rand(1, 3, height, width, dtype=torch.float64)])
    draws = draw(20, 1, [seed, seed + 1], height, width)
    moved = non_eccentricity_patch(images, count, draws)
    for row in range(2):
        twin = oracle.non_eccentricity_patch(images[row].permute(1, 2, 0).numpy(), count, draws[row].numpy())
        np.testing.assert_array_equal(moved[row].permute(1, 2, 0), twin)


def test_where_patches_come_from_and_go():
    """Rounding makes the end values half as likely as the others."""
    count, size = 4000, 64
    draws = draw(20, 3, range(count), size, size)
    images = coordinates(size, size).expand(count, -1, -1, -1)
    shift = (images - non_eccentricity_patch(images, 1, draws)).flatten(2)
    for channel, name in ((0, "rows"), (1, "columns")):
        moves = shift[:, channel].sum(1) / 256  # all 256 pixels of the patch move alike, others not
        numbers = np.bincount((moves + 8).round().long().numpy(), minlength=17)
        assert moves.abs().max() <= 8
        weights = np.array([0.5, *[1] * 15, 0.5]) / 16
        assert stats.chisquare(numbers, count * weights).pvalue > 1e-4, name
    origins = (draws[:, :, :2] * (size - 48) + 0.5).floor().flatten().long().numpy()
    weights = np.array([0.5, *[1] * 15, 0.5]) / 16
    assert stats.chisquare(np.bincount(origins, minlength=17), len(origins) * weights).pvalue > 1e-4
    assert np.abs(np.corrcoef(draws[:, 0].T) - np.eye(4)).max() < 4.5 / np.sqrt(count)


def test_patches_need_room_and_draws():
    with pytest.raises(InputError, match="patches need 48 pixels on each side; the images are 47 x 60"):
        non_eccentricity_patch(torch.rand(1, 3, 47, 60), 1, torch.rand(1, 1, 4))
    for shape in ((1, 19, 4), (2, 20, 4), (1, 20, 5), (20, 4)):
        with pytest.raises(InputError, match=r"must have the shape \(1, 20, 4\) or more rows"):
            non_eccentricity_patch(torch.rand(1, 3, 64, 64), 20, torch.rand(shape))


def test_a_block_by_hand():
    images = coordinates(64, 80)
    draws = patch_draws((0.1, 0.2, 0.3, 5 / 48, 7 / 32))  # column 5, row 7, counted from 1
    painted = color_block(images, 1, draws)
    expected = images.clone()
    expected[..., 6:38, 4:36] = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)[:, None, None]
    assert torch.equal(painted, expected)


def test_blocks_at_the_borders():
    images = torch.full((1, 3, 64, 80), 2.0)
    first = color_block(images, 1, patch_draws((0, 0, 0, 0, 0)))
    assert (first == 0).nonzero()[:, 2:].amax(0).tolist() == [30, 30] and (first == 0).sum() == 3 * 31 * 31
    last = color_block(images, 1, patch_draws((0, 0, 0, 1 - 2.0**-32, 1 - 2.0**-32)))
    corners = (last == 0).nonzero()[:, 2:]
    assert corners.amin(0).tolist() == [31, 47] and corners.amax(0).tolist() == [62, 78]


def test_a_later_block_covers_an_earlier_one():
    images = torch.full((1, 3, 40, 40), 2.0)
    painted = color_block(images, 2, patch_draws((0, 0, 0, 0.5, 0.5), (1, 1, 1, 0.5, 0.5)))
    assert set(painted.flatten().tolist()) == {1, 2}


def test_colours_and_places_of_blocks():
    draws = torch.cat([draw(23, level, range(3000), 64, 64) for level in (1, 5)]).flatten(0, 1).numpy()
    for column in draws.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    assert np.abs(np.corrcoef(draws.T) - np.eye(5)).max() < 4.5 / np.sqrt(len(draws))
    assert TYPES[20].levels[-1] <= draw(20, 5, [0], 64, 64).shape[1]
    assert TYPES[23].levels[-1] <= draw(23, 5, [0], 64, 64).shape[1]


def test_blocks_need_room_and_draws():
    assert color_block(torch.rand(1, 3, 32, 32), 1, torch.rand(1, 1, 5)).shape == (1, 3, 32, 32)
    with pytest.raises(InputError, match="blocks need 32 pixels on each side; the images are 64 x 31"):
        color_block(torch.rand(1, 3, 64, 31), 1, torch.rand(1, 1, 5))
    with pytest.raises(InputError, match=r"must have the shape \(1, 2, 5\) or more rows; got \(1, 1, 5\)"):
        color_block(torch.rand(1, 3, 64, 64), 2, torch.rand(1, 1, 5))
