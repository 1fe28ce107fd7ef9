"""What every search backend must do, by one suite.

The exact ones give the pairs, components and neighbours of float64 brute force; the others some of them, with true
distances, and most of them where the data are kind.
"""

from __future__ import annotations

import feature_cases
import numpy as np
import pytest
from feature_cases import CASES, GAP, RADIUS, agreeing_edges
from hypothesis import given
from hypothesis import strategies as st
from oracle import similarity

from syndr.search import LabelGap, get_search, split_rows

TYPES = [np.float16, np.float32, np.float64]


def rows_of(X):
    return split_rows(X, "X", "raise")[0]


@pytest.mark.parametrize("with_labels", [True, False], ids=["labels", "no labels"])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", CASES)
def test_pairs_and_components_equal_brute_force(exact, name, dtype, with_labels):
    X, y = feature_cases.make(name, dtype)
    labels, gap = (y, GAP) if with_labels else (None, None)
    distances = similarity.matrix(X)
    limit = LabelGap(y, GAP) if with_labels else None

    pairs = exact.pairs(rows_of(X), RADIUS, limit)
    found = list(zip(pairs.i.tolist(), pairs.j.tolist(), strict=True))
    assert len(set(found)) == len(found)
    edges = agreeing_edges(distances, RADIUS, found, labels, gap)
    np.testing.assert_allclose(pairs.distance, distances[pairs.i, pairs.j], rtol=0, atol=1e-14)
    by_rank = sorted(zip(pairs.distance.tolist(), pairs.i.tolist(), pairs.j.tolist(), strict=True))
    assert [(i, j) for _, i, j in by_rank] == found

    components = exact.components(rows_of(X), RADIUS, limit)
    assert components.dtype == np.int64
    np.testing.assert_array_equal(components, similarity.components(len(X), edges))


def test_the_cases_are_what_they_claim():
    chain, _ = feature_cases.make("chained")
    assert len(similarity.partition(similarity.components(150, similarity.pairs(similarity.matrix(chain), 0.1)))) == 1
    near, _ = feature_cases.make("at_the_radius")
    off = np.abs(similarity.matrix(near)[::2, 1::2].diagonal() - RADIUS)
    assert (off > 1e-14).sum() >= 14
    assert off.max() < 2e-6
    y = feature_cases.make("clustered")[1]
    assert (np.abs(y[:, None] - y) == GAP).any()


def test_strictness_at_the_label_limit(exact):
    labels = np.array([0.0, 1.0, 2.0, 3.1, 4.1, 6.0, 6.999999999999999, 8.1, 9.1])
    rows = rows_of(np.ones((len(labels), 3)))
    found = exact.pairs(rows, RADIUS, LabelGap(labels, 1.0))
    expected = {(i, j) for i in range(9) for j in range(i + 1, 9) if abs(labels[i] - labels[j]) < 1.0}
    assert (0, 1) not in expected  # exactly the limit
    assert {(3, 4), (5, 6)} <= expected  # 4.1 - 3.1 falls short of 1 in float64
    assert set(zip(found.i.tolist(), found.j.tolist(), strict=True)) == expected


def test_strictness_at_the_radius(exact):
    X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])  # distances exactly 1 and 2
    assert len(exact.pairs(rows_of(X), 1.0)) == 0
    assert len(exact.pairs(rows_of(X), np.nextafter(1.0, 2))) == 2
    assert exact.components(rows_of(X), 1.0).tolist() == [0, 1, 2]
    assert exact.components(rows_of(X), np.nextafter(1.0, 2)).tolist() == [0, 0, 0]
    assert len(exact.pairs(rows_of(X), 2.0)) == 2
    assert len(exact.pairs(rows_of(X), np.nextafter(2.0, 3))) == 3


@pytest.mark.parametrize("radius", [1e-12, 0.02, 0.7, 1.0, 1.6, 2.0])
def test_any_radius(exact, radius):
    X, _ = feature_cases.make("opposite")
    pairs = exact.pairs(rows_of(X), radius)
    agreeing_edges(similarity.matrix(X), radius, zip(pairs.i.tolist(), pairs.j.tolist(), strict=True))


@pytest.mark.parametrize("name", ["clustered", "duplicates", "at_the_radius", "chained"])
def test_components_do_not_depend_on_row_order(exact, name, rng):
    X, y = feature_cases.make(name, np.float32)
    expected = similarity.partition(exact.components(rows_of(X), RADIUS, LabelGap(y, GAP)))
    for _ in range(3):
        order = rng.permutation(len(X))
        permuted = exact.components(rows_of(X[order]), RADIUS, LabelGap(y[order], GAP))
        back = np.empty_like(permuted)
        back[order] = permuted
        assert similarity.partition(back) == expected


def expected_neighbours(distances, k, query_groups=None, base_groups=None):
    nearest = np.full((len(distances), k), -1)
    for q, row in enumerate(distances):
        allowed = [b for b in range(len(row)) if query_groups is None or query_groups[q] != base_groups[b]]
        first = sorted(allowed, key=lambda b: (row[b], b))[:k]
        nearest[q, : len(first)] = first
    return nearest


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("k", [1, 4, 60, 75])
@pytest.mark.parametrize("grouped", [True, False], ids=["groups", "no groups"])
def test_nearest(exact, dtype, k, grouped, rng):
    base = rng.normal(size=(60, 12)).astype(dtype)
    base[30:50] = base[rng.integers(5, size=20)]  # ties, which go to the lower row number
    queries = np.concatenate([rng.normal(size=(20, 12)), base[:6]]).astype(dtype)
    groups = (rng.integers(3, size=26), rng.integers(3, size=60)) if grouped else (None, None)
    distances, found = exact.nearest(rows_of(queries), rows_of(base), k, *groups)
    oracle = similarity.exact_matrix(queries, base)
    # The same bits of features must give the same distance, or ties would not be ties.
    expected = expected_neighbours(np.round(oracle, 13), k, *groups)
    np.testing.assert_array_equal(found, expected)
    there = found >= 0
    assert np.isnan(distances[~there]).all()
    q, _ = np.nonzero(there)
    np.testing.assert_allclose(distances[there], oracle[q, found[there]], rtol=0, atol=1e-14)


@pytest.mark.parametrize("k", [1, 3, 20])
def test_nearest_among_rows_that_float32_products_cannot_order(exact, k, rng):
    centre = rng.normal(size=(1, 48))
    base = (centre + 3e-7 * rng.normal(size=(300, 48))).astype(np.float32)
    queries = (centre + 0.5 * rng.normal(size=(12, 48))).astype(np.float32)
    oracle = similarity.exact_matrix(queries, base)
    _, found = exact.nearest(rows_of(queries), rows_of(base), k)
    np.testing.assert_array_equal(found, expected_neighbours(oracle, k))


def test_nearest_when_a_whole_group_is_excluded(search, rng):
    rows = rows_of(rng.normal(size=(6, 4)))
    group = np.zeros(6, dtype=np.int64)
    distances, found = search.nearest(rows, rows, 2, group, group)
    assert (found == -1).all()
    assert np.isnan(distances).all()


def test_excluded_rows_may_all_be_nearer(exact, rng):
    X = np.concatenate([np.ones((40, 6)) + 0.01 * rng.normal(size=(40, 6)), rng.normal(size=(3, 6))])
    groups = np.r_[np.zeros(40, dtype=np.int64), 1, 2, 3]
    _, found = exact.nearest(rows_of(X), rows_of(X), 3, groups, groups)
    assert (np.sort(found[:40], axis=1) == [40, 41, 42]).all()


@pytest.mark.parametrize("with_labels", [True, False], ids=["labels", "no labels"])
@pytest.mark.parametrize("name", CASES)
def test_an_inexact_backend_gives_true_pairs_only(inexact, name, with_labels):
    X, y = feature_cases.make(name, np.float32)
    labels, gap = (y, GAP) if with_labels else (None, None)
    limit = LabelGap(y, GAP) if with_labels else None
    distances = similarity.matrix(X)
    possible = similarity.pairs(distances, RADIUS + similarity.AMBIGUOUS, labels, gap)

    pairs = inexact.pairs(rows_of(X), RADIUS, limit)
    found = list(zip(pairs.i.tolist(), pairs.j.tolist(), strict=True))
    assert len(set(found)) == len(found)
    assert set(found) <= possible
    np.testing.assert_allclose(pairs.distance, distances[pairs.i, pairs.j], rtol=0, atol=1e-14)
    by_rank = sorted(zip(pairs.distance.tolist(), pairs.i.tolist(), pairs.j.tolist(), strict=True))
    assert [(i, j) for _, i, j in by_rank] == found

    components = inexact.components(rows_of(X), RADIUS, limit)
    assert components.dtype == np.int64
    whole = similarity.components(len(X), possible)
    assert len(np.unique(np.stack([components, whole]), axis=1).T) == components.max() + 1  # each inside one true one
    _, first = np.unique(components, return_index=True)
    assert (np.diff(first) > 0).all()  # numbered by first member


@pytest.mark.parametrize("grouped", [True, False], ids=["groups", "no groups"])
@pytest.mark.parametrize("k", [1, 4, 75])
def test_an_inexact_backend_gives_true_neighbours_only(inexact, k, grouped, rng):
    base, queries = rng.normal(size=(60, 12)), rng.normal(size=(26, 12))
    groups = (rng.integers(3, size=26), rng.integers(3, size=60)) if grouped else (None, None)
    distances, found = inexact.nearest(rows_of(queries), rows_of(base), k, *groups)
    assert found.shape == distances.shape == (26, k)
    there = found >= 0
    assert (np.isnan(distances) == ~there).all()
    assert (there[:, 1:] <= there[:, :-1]).all()  # the missing ones stand last
    q, _ = np.nonzero(there)
    np.testing.assert_allclose(distances[there], similarity.matrix(queries, base)[q, found[there]], rtol=0, atol=1e-14)
    if grouped:
        assert (groups[0][q] != groups[1][found[there]]).all()
    for row, ranks in zip(found, distances, strict=True):
        assert len(set(row[row >= 0].tolist())) == (row >= 0).sum()
        assert (np.diff(ranks[row >= 0]) >= 0).all()


def test_an_inexact_backend_finds_most_in_clustered_rows(inexact, rng):
    X = (rng.normal(size=(60, 40))[rng.integers(60, size=1500)] + 0.3 * rng.normal(size=(1500, 40))).astype(np.float32)
    true = similarity.pairs(similarity.matrix(X), RADIUS)
    assert len(true) > 1500
    found = inexact.pairs(rows_of(X), RADIUS)
    recall = inexact.report["recall"]
    assert len(found) >= 0.95 * len(true)
    assert recall.low <= len(found) / len(true) <= recall.high

    expected = expected_neighbours(similarity.matrix(X[:200], X), 5)
    _, nearest = inexact.nearest(rows_of(X[:200]), rows_of(X), 5)
    share = np.mean([len(set(a) & set(b)) / 5 for a, b in zip(nearest.tolist(), expected.tolist(), strict=True)])
    assert share >= 0.95
    assert inexact.report["recall"].estimate == pytest.approx(share)  # all 200 queries were in the sample


def test_no_rows(search, rng):
    some, none = rows_of(rng.normal(size=(4, 3))), rows_of(np.empty((0, 3)))
    assert len(search.pairs(none, RADIUS)) == 0
    assert len(search.components(none, RADIUS, LabelGap(np.empty(0), GAP))) == 0
    assert search.nearest(none, some, 2)[1].shape == (0, 2)
    distances, found = search.nearest(some, none, 2)
    assert np.isnan(distances).all()
    assert (found == -1).all()
    assert search.components(rows_of(np.ones((1, 3))), RADIUS).tolist() == [0]


def test_progress_ends_at_the_total(search, rng):
    seen = []
    rows = rows_of(rng.normal(size=(3000, 64)))
    search.pairs(rows, 0.01, progress=lambda stage, done, total: seen.append((stage, done, total)))
    assert all(0 <= done <= total for _, done, total in seen)
    if seen:  # a call shorter than the first tick may stay silent
        assert seen[-1][0] == "pairs"
        assert seen[-1][1] == seen[-1][2]


def test_an_exception_in_progress_ends_the_search(search, rng, monkeypatch):
    monkeypatch.setenv("SYNDR_KERNEL", "portable")  # slow enough to report
    calls = []

    def progress(stage, done, total):
        calls.append(done)
        raise KeyError("from the callback")

    with pytest.raises(KeyError, match="from the callback"):
        search.components(rows_of(rng.normal(size=(12000, 256)).astype(np.float32)), 1e-3, progress=progress)
    assert len(calls) == 1


@given(data=st.data())
def test_components_of_small_integer_rows(data):
    """Few values make many exact ties: parallel rows, right angles, distances on the radius."""
    dims = data.draw(st.integers(1, 4))
    rows = data.draw(st.lists(st.lists(st.integers(-2, 2), min_size=dims, max_size=dims).filter(any), max_size=12))
    labels = np.array(data.draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows))), dtype=float)
    radius = data.draw(st.sampled_from([0.05, 0.2, 0.3, 0.5, 1.0, 1.5, 2.0]))
    X = np.array(rows, dtype=np.float64).reshape(len(rows), dims)
    search = get_search("exact")
    pairs = search.pairs(rows_of(X), radius, LabelGap(labels, 2.0))
    edges = agreeing_edges(
        similarity.exact_matrix(X), radius, zip(pairs.i.tolist(), pairs.j.tolist(), strict=True), labels, 2.0
    )
    np.testing.assert_array_equal(
        search.components(rows_of(X), radius, LabelGap(labels, 2.0)), similarity.components(len(X), edges)
    )
