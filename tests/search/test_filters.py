"""Whatever short rows the exact search compares, its answer is the same; the choice is only a matter of cost."""

from __future__ import annotations

import feature_cases
import numpy as np
import pytest
from feature_cases import CASES, GAP, RADIUS, agreeing_edges
from hypothesis import given
from hypothesis import strategies as st
from oracle import similarity

from syndr import _native
from syndr.search import ExactSearch, LabelGap, split_rows
from syndr.search.filters import Filter, choose_filter, start_join


def rows_of(X):
    return split_rows(X, "X", "raise")[0]


def principal(rows, directions, whole_rows=True):
    basis, centre, step = _native.principal_filter(rows.features, rows.norms, 64, directions, 2, None)
    return Filter(basis, centre, step, whole_rows, "")


def as_they_are(rows, step=0.01, whole_rows=False):
    return Filter(None, np.zeros(rows.features.shape[1], dtype=np.float32), step, whole_rows, "")


def random_basis(rows, rng):
    """Nothing like orthonormal, around a centre that is nowhere near."""
    basis = rng.normal(size=(7, rows.features.shape[1])).astype(np.float32)
    return Filter(basis, rng.normal(size=8).astype(np.float32), 0.3, True, "")


def found(rows, filter_, radius=RADIUS, gap=None):
    join = start_join(rows, radius, gap, filter_, 2)
    i, j, distance = join.pairs(0, join.tasks, None)
    return list(zip(i.tolist(), j.tolist(), distance.tolist(), strict=True)), join.components(None).tolist()


@pytest.mark.parametrize("with_labels", [True, False], ids=["labels", "no labels"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_every_filter_gives_the_same_answer(kernel, name, dtype, with_labels, rng):
    X, y = feature_cases.make(name, dtype)
    rows, gap = rows_of(X), LabelGap(y, GAP) if with_labels else None
    filters = [
        as_they_are(rows),
        as_they_are(rows, step=0.3, whole_rows=True),
        principal(rows, 1),
        principal(rows, 15),
        principal(rows, 20, whole_rows=False),
        random_basis(rows, rng),
    ]
    pairs, components = found(rows, filters[0], gap=gap)
    edges = agreeing_edges(
        similarity.matrix(X), RADIUS, [pair[:2] for pair in pairs], y if gap else None, GAP if gap else None
    )
    assert components == similarity.components(len(X), edges).tolist()
    for other in filters[1:]:
        assert found(rows, other, gap=gap) == (pairs, components)


@given(data=st.data())
def test_hostile_rows_and_steps(data):
    """Huge, tiny and subnormal coordinates; pairs built to lie next to the radius."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    dims = data.draw(st.sampled_from([2, 3, 17, 40, 130]))
    radius = data.draw(st.sampled_from([1e-6, 0.01, 0.1, 0.28, 0.5, 1.0, 1.9]))
    count = data.draw(st.integers(2, 40))
    X = rng.normal(size=(count, dims))
    if data.draw(st.booleans()):  # one coordinate dwarfs the others
        X[rng.integers(count), rng.integers(dims)] = 1e6
    for row in range(0, count - 1, 2):  # its neighbour at the radius, or a hair off
        if data.draw(st.booleans()):
            a = X[row] / np.linalg.norm(X[row])
            across = rng.normal(size=dims)
            across -= (across @ a) * a
            across /= np.linalg.norm(across)
            off = data.draw(st.sampled_from([0, 1e-12, -1e-12, 1e-9, -1e-9, 1e-6, -1e-6]))
            cosine = 1 - radius - off
            X[row + 1] = cosine * a + np.sqrt(max(0.0, 1 - cosine**2)) * across
    X *= data.draw(st.sampled_from([1.0, 1e-20, 1e18, 1e-120, 1e100]))
    rows = rows_of(X)
    step = data.draw(st.sampled_from([1e-3, 0.01, 0.2, 5.0]))
    made = [as_they_are(rows, step, True), principal(rows, data.draw(st.integers(1, 20))), random_basis(rows, rng)]
    first = found(rows, made[0], radius)
    agreeing_edges(similarity.exact_matrix(X), radius, [pair[:2] for pair in first[0]])
    for filter_ in made[1:]:
        assert found(rows, filter_, radius) == first


def test_principal_directions_are_orthonormal_and_no_more_than_there_are(rng):
    X = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 50))  # spans four dims
    basis, centre, step = _native.principal_filter(X, _native.squared_norms(X, 1, None), 200, 20, 2, None)
    assert 4 <= len(basis) <= 20
    np.testing.assert_allclose(basis @ basis.T, np.eye(len(basis)), atol=1e-5)
    assert len(centre) == len(basis) + 1
    assert step >= 1e-3
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    np.testing.assert_allclose(np.linalg.norm(unit @ basis.T, axis=1), 1, atol=1e-4)


def spread(rng, rows, dims, rank):
    return (rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, dims))).astype(np.float32)


def test_the_choice_follows_the_spectrum(rng):
    steep, flat = rows_of(spread(rng, 12000, 640, 20)), rows_of(rng.normal(size=(12000, 640)).astype(np.float32))
    few = choose_filter(steep, 0.1, None, 2)
    assert few.basis is not None
    assert few.dims <= 128
    none = choose_filter(flat, 0.9, None, 2)
    assert none.basis is None
    assert "no filter pays" in none.why
    assert choose_filter(rows_of(steep.features[:300]), 0.1, None, 2).basis is None  # too little work


def test_a_memory_limit_does_without_whole_rows(rng):
    rows = rows_of(spread(rng, 12000, 640, 20))
    assert choose_filter(rows, 0.1, None, 2).whole_rows
    assert not choose_filter(rows, 0.1, None, 2, memory_limit=2_000_000).whole_rows
    expected = ExactSearch().components(rows, 0.02)
    np.testing.assert_array_equal(ExactSearch(memory_limit=2_000_000).components(rows, 0.02), expected)


def test_the_report_says_what_was_done(rng):
    search = ExactSearch()
    rows = rows_of(spread(rng, 12000, 640, 12))
    search.components(rows, 0.02)
    report = search.report
    assert report["dims_kept"] == 13  # the rows span no more than 12 dims
    assert 12000 * 11999 // 2 <= report["compared"] <= 12000 * 12200 // 2  # tiles on the diagonal count whole
    assert report["candidates"] == sum(report[by] for by in ("joined", "by_bytes", "by_float32", "by_float64"))
    assert set(report["seconds"]) == {"choose the filter", "shorten the rows", "scan"}
    pairs = search.pairs(rows, 0.02)
    assert search.report["edges"] == len(pairs)


def test_streamed_pairs_are_all_pairs(rng):
    X, y = feature_cases.make("clustered", np.float32)
    X, y = np.tile(X, (6, 1)), np.tile(y, 6)
    search = ExactSearch()
    whole = search.pairs(rows_of(X), RADIUS, LabelGap(y, GAP))
    blocks = list(search.iter_pairs(rows_of(X), RADIUS, LabelGap(y, GAP), block=1000))
    assert len(blocks) > 3
    i, j, distance = (np.concatenate([getattr(block, part) for block in blocks]) for part in ("i", "j", "distance"))
    order = np.lexsort((j, i, distance))
    for streamed, expected in ((i, whole.i), (j, whole.j), (distance, whole.distance)):
        np.testing.assert_array_equal(streamed[order], expected)
    assert search.report["edges"] == len(whole)


def test_rows_in_bfloat16(kernel, rng):
    X = rng.normal(size=(200, 37)).astype(np.float32)
    X[100:] = X[:100] + 0.1 * rng.normal(size=(100, 37)).astype(np.float32)
    stored = (X.view(np.uint32) >> 16).astype(np.uint16)  # cut off: bfloat16's upper half
    wide = (stored.astype(np.uint32) << 16).view(np.float32)
    norms = _native.squared_norms(stored.view("V2")[::-1], 1, None)
    np.testing.assert_array_equal(norms[::-1], _native.squared_norms(wide, 1, None))
    narrow = rows_of(wide)
    pairs = ExactSearch().pairs(narrow, RADIUS)
    assert len(pairs) > 20
    join = start_join(type(narrow)(stored.view("V2"), narrow.norms), RADIUS, None, as_they_are(narrow), 2)
    for got, expected in zip(join.pairs(0, join.tasks, None), (pairs.i, pairs.j, pairs.distance), strict=True):
        np.testing.assert_array_equal(got, expected)
