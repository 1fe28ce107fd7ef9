"""The parts of the CUDA backend: sums in the fixed order, the filter's bound, tiles and their bits, the forest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import similarity
from search_cases import sides

from syndr import _native
from syndr.search import split_rows

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from syndr.search.cuda.distances import dots, squared_norms  # noqa: E402
from syndr.search.cuda.features import Features  # noqa: E402
from syndr.search.cuda.filter_rows import COLUMN_TILE, ROW_TILE, build_filter_rows  # noqa: E402
from syndr.search.cuda.forest import Forest  # noqa: E402
from syndr.search.cuda.tiles import Labels, Panel, Tiles, hits, list_tiles, passing_pairs  # noqa: E402
from syndr.search.cuda.workspace import open_workspace  # noqa: E402

SPACE = open_workspace(torch.device("cpu"), None, "torch")


@pytest.mark.parametrize("dims", [1, 7, 8, 9, 63, 200])
def test_sums_have_the_native_core_s_bits(dims, rng):
    X = rng.normal(size=(50, dims)) * 10.0 ** rng.integers(-60, 60, size=(50, dims))
    tensor = torch.from_numpy(X)
    norms = squared_norms(tensor, SPACE).numpy()
    np.testing.assert_array_equal(norms, _native.squared_norms(X, 1, None))
    i, j = rng.integers(50, size=(2, 400))
    dot = dots(tensor, torch.from_numpy(i), tensor, torch.from_numpy(j), SPACE).numpy()
    with np.errstate(over="ignore"):
        distance = 1 - dot / (np.sqrt(norms[i]) * np.sqrt(norms[j]))
    np.testing.assert_array_equal(distance, _native.pair_distances(X, norms, X, norms, i, j))


def adversarial(draw):
    """Rows that are hard to round: one huge coordinate, steep decays, constants, plain noise; any length."""
    dims = draw(st.sampled_from([1, 3, 40, 130]))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    rows = rng.normal(size=(12, dims))
    rows[:3, rng.integers(dims)] = 1e6
    rows[3:6] *= 10.0 ** -rng.uniform(0, 12, size=(3, dims))
    rows[6:8] = 1
    rows[8:10] = rows[10:12] + 1e-4 * rng.normal(size=(2, dims))
    return rows * 10.0 ** rng.integers(-20, 18, size=(12, 1))


@given(data=st.data())
def test_the_filter_bounds_every_cosine_from_above(data):
    X = adversarial(data.draw)
    basis = None
    if data.draw(st.booleans()):
        width = data.draw(st.integers(1, X.shape[1]))
        random = np.random.default_rng(0).normal(size=(X.shape[1], width))
        basis = torch.from_numpy(np.linalg.qr(random)[0].copy())
    rows, _ = split_rows(X, "X", "raise")
    place = torch.from_numpy(np.random.default_rng(1).permutation(len(X)))
    filter_rows = build_filter_rows(Features(rows, SPACE), place, basis, SPACE)
    assert filter_rows.values.shape == (COLUMN_TILE, math.ceil((X.shape[1] if basis is None else width + 1) / 64) * 64)
    assert (filter_rows.slack[len(X) :] == -torch.inf).all()
    values, slack = filter_rows.values[place].double(), filter_rows.slack[place].double()
    bound = values @ values.T + slack[:, None] + slack + filter_rows.error
    cosine = 1 - similarity.exact_matrix(X)
    assert (bound.numpy() >= cosine).all()
    if basis is None:  # and it is no looser than half precision makes it
        assert (bound.numpy() <= cosine + 4e-3).all()


def test_width_and_bound_of_a_basis(rng):
    X = rng.normal(size=(300, 100))
    rows, _ = split_rows(X, "X", "raise")
    basis = torch.linalg.qr(torch.from_numpy(rng.normal(size=(100, 63))))[0]
    filter_rows = build_filter_rows(Features(rows, SPACE), torch.arange(300), basis, SPACE)
    assert filter_rows.values.shape == (512, 64)
    assert filter_rows.width == 64


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("joined", [True, False])
def test_hits_and_the_pairs_they_stand_for(joined, labelled, rng):
    values, others, slack, roots = sides(rng, 2 * COLUMN_TILE, 3 * COLUMN_TILE, 64)
    n = len(values)
    left = Panel(4 * COLUMN_TILE, values, slack[:n], roots[:n] if joined else None)
    right = Panel(5 * COLUMN_TILE, others, slack[n:], roots[n:] if joined else None)
    tiles = Tiles(torch.tensor([8, 11, 10, 8]).int(), torch.tensor([7, 5, 6, 5]).int())
    bar = 20.0
    words = hits(left, right, tiles, bar, SPACE)
    assert words.shape == (4, 1024)
    count = right.start + len(others)
    label = torch.from_numpy(rng.random(count))
    labels = Labels(count, label, torch.tensor([0.3], dtype=torch.float64) if labelled else None)
    found = []
    for a, b in passing_pairs(words, tiles, labels, 100, SPACE):
        found += zip(a.tolist(), b.tolist(), strict=True)
    product = values.double() @ others.double().T
    passing = product >= bar - slack[:n, None] - slack[None, n:]
    if joined:
        passing &= roots[:n, None] != roots[None, n:]
    expected = {
        (left.start + a, right.start + b)
        for a, b in passing.nonzero().tolist()
        if left.start + a < right.start + b
        and (not labelled or abs(label[left.start + a] - label[right.start + b]) < 0.3)
        and (8 + a // ROW_TILE, 5 + b // COLUMN_TILE) in {(8, 7), (11, 5), (10, 6), (8, 5)}
    }
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert len(expected) > 1000


def test_tiles_are_listed_once_each(rng):
    allowed = torch.from_numpy(rng.random((37, 19)) < 0.4)
    tiles = list_tiles(allowed, 100, 40)
    listed = set(zip((tiles.a - 100).tolist(), (tiles.b - 40).tolist(), strict=True))
    assert len(listed) == len(tiles) == int(allowed.sum())
    assert listed == set(map(tuple, allowed.nonzero().tolist()))


@given(data=st.data())
def test_the_forest_gives_the_oracle_s_components(data):
    rows = data.draw(st.integers(1, 40))
    row = st.integers(0, rows - 1)
    edges = (
        data.draw(st.lists(st.tuples(row, row).filter(lambda edge: edge[0] != edge[1]), max_size=60))
        if rows > 1
        else []
    )
    forest = Forest(rows, torch.device("cpu"))
    cut = data.draw(st.integers(0, len(edges)))
    for some in (edges[:cut], edges[cut:]):
        forest.join(*torch.tensor(some, dtype=torch.int64).reshape(-1, 2).T)
    np.testing.assert_array_equal(forest.numbered(), similarity.components(rows, set(edges)))


@pytest.mark.parametrize("order", ["up", "down", "shuffled"])
def test_a_long_chain(order, rng):
    chain = {"up": np.arange(20_000), "down": np.arange(20_000)[::-1], "shuffled": rng.permutation(20_000)}[
        order
    ].copy()
    forest = Forest(20_000, torch.device("cpu"))
    forest.join(torch.from_numpy(chain[:-1]), torch.from_numpy(chain[1:]))
    assert (forest.roots == 0).all()


def test_absorbing_decides_each_candidate_at_most_once_and_few_of_many(rng, monkeypatch):
    monkeypatch.setattr("syndr.search.cuda.forest._AT_ONCE", 100)
    rows = 300
    cluster = rng.integers(6, size=rows)
    pairs = np.transpose(np.triu_indices(rows, 1))
    candidates = pairs[(cluster[pairs[:, 0]] == cluster[pairs[:, 1]]) | (rng.random(len(pairs)) < 0.02)]
    i, j = torch.from_numpy(rng.permutation(candidates)).T
    asked = []

    def edges(some_i, some_j):
        asked.extend(zip(some_i.tolist(), some_j.tolist(), strict=True))
        return torch.from_numpy(cluster[some_i.numpy()] == cluster[some_j.numpy()])

    forest = Forest(rows, torch.device("cpu"))
    decided, found = forest.absorb(i, j, edges)
    assert len(set(asked)) == len(asked) == decided
    true = {(a, b) for a, b in pairs.tolist() if cluster[a] == cluster[b]}
    np.testing.assert_array_equal(forest.numbered(), similarity.components(rows, true))
    assert 0 < found < decided < 5 * rows < len(true) < len(candidates)
