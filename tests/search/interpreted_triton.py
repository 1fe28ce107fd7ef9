"""The Triton kernels, run by Triton's interpreter: test_cuda_triton.py starts this file in a process of its own.

The interpreter is chosen by an environment variable when Triton is imported, so it cannot be turned on in a process
that also uses the compiler. On a machine with a GPU the tests marked ``gpu`` run the compiled kernels.
"""

from __future__ import annotations

import feature_cases
import numpy as np
import pytest
import torch
from feature_cases import CASES, GAP, RADIUS
from search_cases import assert_same_bytes, rows_of, sides

from syndr import _native
from syndr.search import ExactSearch, LabelGap
from syndr.search.cuda import CudaSearch, split_tensor_rows
from syndr.search.cuda.distances import dots
from syndr.search.cuda.filter_rows import COLUMN_TILE
from syndr.search.cuda.tiles import Panel, Tiles, hits
from syndr.search.cuda.workspace import open_workspace

CPU = torch.device("cpu")
PLAIN, INTERPRETED = (open_workspace(CPU, None, kernels) for kernels in ("torch", "triton"))


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("width", [64, 192])
def test_hits(width, joined, rng):
    values, others, slack, roots = sides(rng, 2 * COLUMN_TILE, 3 * COLUMN_TILE, width)
    n = len(values)
    left = Panel(2 * COLUMN_TILE, values, slack[:n], roots[:n] if joined else None)
    right = Panel(COLUMN_TILE, others, slack[n:], roots[n:] if joined else None)
    tiles = Tiles(torch.tensor([4, 7, 6, 4, 5]).int(), torch.tensor([3, 1, 2, 1, 2]).int())
    for bar in (20.0, -1e9, 1e9):
        expected = hits(left, right, tiles, bar, PLAIN)
        assert torch.equal(hits(left, right, tiles, bar, INTERPRETED), expected)
        assert bool(expected.any()) == (bar < 1e9)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("dims", [1, 8, 63, 64, 65, 140])
def test_sums_have_the_native_core_s_bits(dims, dtype, rng):
    tensor = torch.from_numpy(rng.normal(size=(40, 2 * dims))).to(getattr(torch, dtype))[:, :dims]
    i, j = torch.from_numpy(rng.integers(40, size=(2, 77)))
    found = dots(tensor, i, tensor, j, INTERPRETED)
    assert torch.equal(found, dots(tensor, i, tensor, j, PLAIN))
    X = tensor.double().numpy()
    ones = np.ones(40)
    np.testing.assert_array_equal(1 - found.numpy(), _native.pair_distances(X, ones, X, ones, i.numpy(), j.numpy()))
    assert len(dots(tensor, i[:0], tensor, j[:0], INTERPRETED)) == 0


@pytest.mark.parametrize("dims", [0, 64])
@pytest.mark.parametrize("name", CASES)
def test_the_whole_search(name, dims):
    X, y = feature_cases.make(name, np.float32)
    search = CudaSearch("cpu", kernels="triton", dims=dims)
    assert_same_bytes(search, rows_of(X), RADIUS, LabelGap(y, GAP))
    assert search.report["kernels"] == "triton"


@pytest.mark.parametrize("rows", [1, 2, 127, 129, 257, 513])
def test_ragged_sizes(rows, rng):
    X = rng.normal(size=(3, 20))[rng.integers(3, size=rows)] + 0.2 * rng.normal(size=(rows, 20))
    search = CudaSearch("cpu", kernels="triton")
    expected = ExactSearch(1).components(rows_of(X), RADIUS)
    np.testing.assert_array_equal(search.components(rows_of(X), RADIUS), expected)


def test_small_panels_and_tensors(rng):
    X = torch.from_numpy(
        rng.normal(size=(30, 50))[rng.integers(30, size=900)] + 0.2 * rng.normal(size=(900, 50))
    ).bfloat16()
    rows, _ = split_tensor_rows(X, "X", "raise", kernels="triton")
    expected = rows_of(X)
    np.testing.assert_array_equal(rows.norms, expected.norms)
    search = CudaSearch("cpu", kernels="triton", memory_limit=400_000)
    np.testing.assert_array_equal(search.components(rows, RADIUS), ExactSearch(1).components(expected, RADIUS))
