"""Crop rules: where they cut, and that random ones depend on seed and id alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from syndr.errors import InputError
from syndr.evaluation import cut_crops

# Red holds the row and green the column of each pixel, so that a crop tells where it was cut.
GRID = torch.stack([*torch.meshgrid(torch.arange(51), torch.arange(82), indexing="ij"), torch.zeros(51, 82)])
GRID = GRID.to(torch.uint8)


def corners_of(crops):
    for crop in crops:
        top, left = int(crop[0, 0, 0]), int(crop[1, 0, 0])
        assert torch.equal(crop, GRID[:, top : top + 20, left : left + 20])
        yield top, left


def test_corners_are_the_centre_and_the_four_corners():
    crops = cut_crops(GRID, "corners", "any", size=20)
    assert list(corners_of(crops)) == [(16, 31), (0, 0), (0, 62), (31, 0), (31, 62)]


def test_corners_of_a_picture_of_the_crops_size_are_the_picture():
    crops = cut_crops(GRID[:, :20, :20], "corners", "any", size=20)
    assert all(torch.equal(crop, GRID[:, :20, :20]) for crop in crops)


def test_full_is_the_whole_picture():
    assert torch.equal(cut_crops(GRID, "full", "any"), GRID[None])


def test_random_crops_depend_on_seed_and_id_alone():
    first = cut_crops(GRID, "random", "a", seed=1, size=20)
    assert first.shape == (5, 3, 20, 20)
    assert torch.equal(first, cut_crops(GRID, "random", "a", seed=1, size=20))
    assert not torch.equal(first, cut_crops(GRID, "random", "b", seed=1, size=20))
    assert not torch.equal(first, cut_crops(GRID, "random", "a", seed=2, size=20))


def test_random_crops_are_spread_over_the_picture():
    places = np.array(
        [place for number in range(80) for place in corners_of(cut_crops(GRID, "random", f"i{number}", size=20))]
    )
    assert places.min(axis=0).tolist() == [0, 0]
    assert places.max(axis=0).tolist() == [31, 62]
    assert abs(np.corrcoef(places.T)[0, 1]) < 0.15
    five = places.reshape(80, 5, 2)
    assert abs(np.corrcoef(five[:, 0, 0], five[:, 1, 0])[0, 1]) < 0.3


@pytest.mark.parametrize("rule", ["random", "corners"])
def test_small_pictures_are_enlarged(rule):
    assert cut_crops(GRID[:, :10, :15], rule, "a", size=20).shape == (5, 3, 20, 20)


def test_unknown_rule_is_refused():
    with pytest.raises(InputError, match="random, corners, full"):
        cut_crops(GRID, "ten", "a")
