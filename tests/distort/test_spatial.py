"""Pixelate: sizes, blocks, and the scalar twin."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import kadid as oracle

from syndr.distort import TYPES, pixelate

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
