"""Crops and order of an epoch depend on seed, epoch and id alone; bad pictures leave a batch."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from syndr.errors import ImageError, InputError
from syndr.training.crops import EpochCrops, crop_numbers, epoch_order
from syndr.training.data import as_float, load_batches, load_groups

IDS = [f"id{row}" for row in range(400)]
# Red holds the row and green the column of each pixel, so that a crop tells where it was cut.
GRID = torch.stack([*torch.meshgrid(torch.arange(60), torch.arange(90), indexing="ij"), torch.zeros(60, 90)])
GRID = GRID.to(torch.uint8)


def places(crops):
    """Top, left and flip of each crop of the grid."""
    found = []
    for row in range(len(crops)):
        crop = crops[row]
        assert crop.shape == (3, 20, 20)
        flipped = bool(crop[1, 0, 0] > crop[1, 0, -1])
        if flipped:
            crop = crop.flip(-1)
        top, left = int(crop[0, 0, 0]), int(crop[1, 0, 0])
        assert torch.equal(crop, GRID[:, top : top + 20, left : left + 20])
        found.append((top, left, flipped))
    return np.array(found)


def crops_of(ids=IDS, seed=0, epoch=0, flip=True):
    return EpochCrops(lambda row: GRID, ids, seed, epoch, size=20, flip=flip)


def test_crops_are_spread_over_the_picture_and_half_are_flipped():
    top, left, flipped = places(crops_of()).T
    assert (top.min(), top.max()) == (0, 40)
    assert left.min() <= 1 and left.max() >= 69
    assert 17 < top.mean() < 23
    assert 31 < left.mean() < 39
    assert 160 < flipped.sum() < 240
    assert abs(np.corrcoef(top, left)[0, 1]) < 0.15
    assert abs(np.corrcoef(top, flipped)[0, 1]) < 0.15


def test_crops_depend_on_seed_epoch_and_id_alone():
    expected = places(crops_of())
    order = np.random.default_rng(0).permutation(len(IDS))
    np.testing.assert_array_equal(places(crops_of([IDS[row] for row in order])), expected[order])
    for change in ({"seed": 1}, {"epoch": 1}):
        assert (places(crops_of(**change)) != expected).any(axis=1).mean() > 0.9
    unflipped = places(crops_of(flip=False))
    np.testing.assert_array_equal(unflipped[:, :2], expected[:, :2])
    assert not unflipped[:, 2].any()


@given(st.sets(st.integers(0, 399), min_size=1), st.integers(0, 2**63), st.integers(0, 1000))
def test_order_is_a_permutation_that_ignores_the_order_given(rows, seed, epoch):
    rows = np.array(sorted(rows))
    order = epoch_order(IDS, rows, seed, epoch)
    assert sorted(order.tolist()) == rows.tolist()
    np.testing.assert_array_equal(epoch_order(IDS, rows[::-1], seed, epoch), order)


def test_order_changes_with_the_epoch_and_is_not_that_of_the_crops():
    rows = np.arange(400)
    first, second = (epoch_order(IDS, rows, 0, epoch) for epoch in (0, 1))
    assert (first != second).mean() > 0.9
    top = places(crops_of())[:, 0]
    assert abs(np.corrcoef(np.argsort(first), top)[0, 1]) < 0.15


def test_crop_numbers_are_spread():
    counts = np.bincount(crop_numbers(IDS, 5, 0, 0), minlength=5)
    assert counts.sum() == 400
    assert counts.min() > 50
    assert (crop_numbers(IDS, 1, 0, 0) == 0).all()


def load(row):
    if row % 4 == 3:
        raise ImageError(f"row {row} is truncated")
    if row == 6:
        raise InputError("row 6 cannot be distorted")
    return torch.full((3, 2, 2), row, dtype=torch.uint8)


def test_batches_keep_rows_and_pixels_together():
    rejected = {}
    rows = np.array([5, 3, 9, 6, 7, 2, 11, 15])
    batches = list(load_batches(load, rows, 3, rejected.__setitem__, threads=2))
    assert [batch_rows.tolist() for batch_rows, _ in batches] == [[5, 9], [2], []]
    for batch_rows, pixels in batches[:2]:
        assert pixels.dtype == torch.uint8
        assert pixels[:, 0, 0, 0].tolist() == batch_rows.tolist()
    assert {row: str(error) for row, error in rejected.items()} == {
        3: "row 3 is truncated",
        6: "row 6 cannot be distorted",
        7: "row 7 is truncated",
        11: "row 11 is truncated",
        15: "row 15 is truncated",
    }


def test_groups_are_asked_for_together_where_pictures_are_made():
    calls, rejected = [], {}

    def load_all(rows):
        calls.append(list(rows))
        return [
            ImageError("cut off") if row % 4 == 3 else torch.full((3, 2, 2), row, dtype=torch.uint8) for row in rows
        ]

    groups = [np.array([5, 3, 9]), np.array([7, 11]), np.array([2])]
    found = list(load_groups(load_all, groups, rejected.__setitem__, together_on=torch.device("cpu")))
    assert calls == [[5, 3, 9], [7, 11], [2]]
    assert [rows.tolist() for rows, _ in found] == [[5, 9], [], [2]]
    assert [pixels[:, 0, 0, 0].tolist() for _, pixels in found if pixels.numel()] == [[5, 9], [2]]
    assert sorted(rejected) == [3, 7, 11]


def test_threads_end_when_the_consumer_stops():
    before = threading.active_count()
    batches = load_batches(load, np.arange(0, 400, 4), 4, lambda row, error: None, threads=3)
    next(batches)
    assert threading.active_count() > before
    batches.close()
    assert threading.active_count() == before


def test_other_errors_arrive():
    def fail(row):
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        list(load_batches(fail, np.arange(3), 2, lambda row, error: None))


@pytest.mark.parametrize("together_on", [None, torch.device("cpu")])
def test_an_error_that_a_loader_raises_instead_of_giving_it_arrives(together_on):
    def fail(rows):
        raise ImageError(f"rows {rows} are truncated")

    with pytest.raises(ImageError, match="are truncated"):
        list(load_groups(fail, [np.arange(3)], lambda row, error: None, together_on=together_on))


def test_as_float_is_between_zero_and_one():
    values = as_float(torch.tensor([0, 51, 255], dtype=torch.uint8), torch.device("cpu"))
    assert values.dtype == torch.float32
    assert values.tolist() == pytest.approx([0.0, 0.2, 1.0])
