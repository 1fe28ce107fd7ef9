"""Several arrays read as one: every index gives what it gives of their concatenation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndr.features import ShardedArray

lengths = st.lists(st.integers(0, 7), min_size=1, max_size=5)
bound = st.none() | st.integers(-30, 30)


def pair(counts):
    whole = np.arange(sum(counts) * 3, dtype=np.float32).reshape(-1, 3)
    return ShardedArray(np.split(whole, np.cumsum(counts)[:-1])), whole


@given(lengths, bound, bound, st.none() | st.sampled_from([-9, -3, -2, -1, 1, 2, 3, 9]))
def test_slices(counts, start, stop, step):
    sharded, whole = pair(counts)
    assert np.array_equal(sharded[start:stop:step], whole[start:stop:step])


@given(lengths, st.data())
def test_rows(counts, data):
    sharded, whole = pair(counts)
    assert (sharded.shape, len(sharded), sharded.nbytes) == (whole.shape, len(whole), whole.nbytes)
    if len(whole):
        rows = data.draw(st.lists(st.integers(-len(whole), len(whole) - 1), max_size=30))
        assert np.array_equal(sharded[rows], whole[rows] if rows else whole[:0])
        for row in rows:
            assert np.array_equal(sharded[row], whole[row])
        assert np.array_equal(sharded[:, 1:], whole[:, 1:])
        assert np.array_equal(sharded[-1, 2], whole[-1, 2])
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole))), dtype=bool)
    assert np.array_equal(sharded[mask], whole[mask])


@given(lengths, st.integers(1, 9))
def test_blocks_are_views_in_order(counts, rows):
    sharded, whole = pair(counts)
    seen = 0
    for start, block in sharded.blocks(rows):
        assert start == seen
        assert 0 < len(block) <= rows
        assert np.shares_memory(block, whole)
        assert np.array_equal(block, whole[start : start + len(block)])
        seen += len(block)
    assert seen == len(whole)


def test_what_can_be_is_a_view():
    sharded, whole = pair([4, 5])
    for part in (sharded[1:3], sharded[4:9:2], sharded[8:3:-1], sharded[5]):
        assert np.shares_memory(part, whole)
    assert not np.shares_memory(sharded[3:5], whole)


def test_as_an_array():
    one, whole = pair([4])
    assert np.shares_memory(np.asarray(one), whole)
    assert np.asarray(one, dtype=np.float64).dtype == np.float64
    several, whole = pair([1, 0, 3])
    assert np.array_equal(np.asarray(several), whole)
    assert np.asarray(several, dtype=np.float16).dtype == np.float16
    with pytest.raises(ValueError, match="without a copy"):
        several.__array__(copy=False)  # as NumPy 2 asks for it


@pytest.mark.parametrize("key", [[5], [-6], [0.5], [[0], [1]], np.ones(4, bool), 5])
def test_wrong_rows(key):
    with pytest.raises(IndexError):
        _ = pair([2, 3])[0][key]
