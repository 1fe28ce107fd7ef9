"""What the tests of the CUDA backend share: rows, sides of tiles, and the comparison with the exact backend."""

from __future__ import annotations

import numpy as np

from syndr.search import ExactSearch, split_rows


def rows_of(X):
    return split_rows(X, "X", "raise")[0]


def assert_same_bytes(search, rows, radius, gap=None, expected_rows=None):
    expected = ExactSearch(1).pairs(expected_rows or rows, radius, gap)
    found = search.pairs(rows, radius, gap)
    for part in ("i", "j", "distance"):
        assert getattr(found, part).dtype == getattr(expected, part).dtype
        np.testing.assert_array_equal(getattr(found, part), getattr(expected, part))
    components = search.components(rows, radius, gap)
    np.testing.assert_array_equal(components, ExactSearch(1).components(expected_rows or rows, radius, gap))


def many_rows(rng, rows=1300, dims=70):
    centres = rng.normal(size=(40, dims))
    X = (centres[rng.integers(40, size=rows)] + 0.3 * rng.normal(size=(rows, dims))).astype(np.float32)
    return X, rng.integers(0, 101, size=rows) / 10


def sides(rng, rows, columns, width):
    """Whole-numbered filter rows, whose products and bars are exact, with slacks and roots."""
    import torch

    values = torch.from_numpy(rng.integers(-3, 4, size=(rows, width))).half()
    others = torch.from_numpy(rng.integers(-3, 4, size=(columns, width))).half()
    slack = torch.from_numpy(rng.integers(0, 8, size=rows + columns) / 8).float()
    slack[[5, rows + 7]] = -torch.inf
    roots = torch.from_numpy(rng.integers(3, size=rows + columns)).int()
    return values, others, slack, roots
