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
from oracle import similarity
from search_cases import assert_same_bytes, rows_of, sides

from syndr import _native
from syndr.search import ExactSearch, LabelGap
from syndr.search.cuda import CudaSearch, split_tensor_rows
from syndr.search.cuda.distances import dots
from syndr.search.cuda.features import Features
from syndr.search.cuda.filter_rows import COLUMN_TILE, ROW_TILE, build_filter_rows
from syndr.search.cuda.forest import Forest
from syndr.search.cuda.quick import QuickDecisions
from syndr.search.cuda.tiles import Labels, Panel, Tiles, hits, passing_pairs
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


@pytest.mark.parametrize("labelled", [True, False])
def test_pairs_that_bits_stand_for(labelled, rng):
    tiles = Tiles(torch.tensor([0, 1, 2, 0, 5]).int(), torch.tensor([0, 0, 1, 2, 2]).int())
    words = torch.from_numpy(rng.integers(-(2**31), 2**31, (5, 8 * ROW_TILE), dtype=np.int32))
    words &= torch.from_numpy(rng.integers(-(2**31), 2**31, (5, 8 * ROW_TILE), dtype=np.int32))
    words[1, 3:], words[2] = 0, 0
    words[3, :9] = -1
    rows = 3 * COLUMN_TILE - 7
    labels = Labels(rows, torch.from_numpy(rng.random(rows)), torch.tensor([0.1]).double() if labelled else None)
    words[3:].view(2, ROW_TILE, 8)[:, :, 1:] &= 2**31 - 1  # nothing is hit where there are no rows,
    words[4].view(ROW_TILE, 8)[-7:] = 0  # on either side
    for most in (1, 3000, 10**6):
        found, expected = (
            torch.cat([torch.stack(pair) for pair in passing_pairs(words, tiles, labels, most, space)], dim=1)
            for space in (INTERPRETED, PLAIN)
        )
        assert found.shape == expected.shape and found.shape[1] > 1000
        assert set(map(tuple, found.T.tolist())) == set(map(tuple, expected.T.tolist()))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("dims", [1, 70, 300])
def test_rows_in_half_precision(dims, dtype, rng):
    X = torch.from_numpy(rng.normal(size=(9, 2 * dims)) * 10.0 ** rng.integers(-3, 3, size=(9, 1)))
    rows, _ = split_tensor_rows(X.to(getattr(torch, dtype))[:, ::2], "X", "raise", "torch")
    place = torch.from_numpy(rng.permutation(9))
    found, expected = (build_filter_rows(Features(rows, space), place, None, space) for space in (INTERPRETED, PLAIN))
    assert torch.equal(found.values, expected.values)
    torch.testing.assert_close(found.slack, expected.slack, rtol=1e-6, atol=1e-9)
    assert found.error == expected.error


def test_quick_decisions(rng):
    """Pairs are joined where they are edges, and only those next to the radius are left."""
    radius, count = 0.1, 60
    X = rng.normal(size=(10, 300))[rng.integers(10, size=count)] + 0.32 * rng.normal(size=(count, 300))
    X[1] = X[0] * np.sqrt(1 - radius) + np.sqrt(radius) * np.linalg.norm(X[0]) * np.eye(300)[0]
    rows = rows_of(X)
    place = torch.from_numpy(rng.permutation(count))
    features = Features(rows, INTERPRETED)
    halves = build_filter_rows(features, place, None, INTERPRETED)
    quick, forest = QuickDecisions(halves, place, 300, radius, INTERPRETED), Forest(count, CPU)
    i, j = (torch.from_numpy(side) for side in np.triu_indices(count, 1))
    ((left_i, left_j),) = quick.undecided(forest, [(i[:900], j[:900]), (i[900:], j[900:])])
    distance = features.distances(i, features, j).numpy()
    sure = (np.abs(distance - radius) > 2.5e-3) & (distance < radius)
    true = {(int(a), int(b)) for a, b, edge in zip(i, j, distance < radius, strict=True) if edge}
    roots = forest.roots.numpy()
    assert (roots[i.numpy()[sure]] == roots[j.numpy()[sure]]).all()
    left_distance = features.distances(left_i, features, left_j)
    assert len(left_i) < 30 and ((left_distance - radius).abs() < 2.5e-3).all()
    forest.absorb(left_i, left_j, lambda a, b: features.distances(a, features, b) < radius)
    np.testing.assert_array_equal(forest.numbered(), similarity.components(count, true))
    decided, edges = quick.counts()
    assert 0 < edges < decided < 1.1 * len(i)  # one in 31 twice


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
    clusters = 1 + rows // 8
    X = rng.normal(size=(clusters, 20))[rng.integers(clusters, size=rows)] + 0.2 * rng.normal(size=(rows, 20))
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
