"""The exact backend alone: kernels, threads, layouts, farthest rows and inner distances."""

from __future__ import annotations

import feature_cases
import numpy as np
import pytest
from feature_cases import CASES, GAP, RADIUS, agreeing_edges
from oracle import similarity
from shared_data import shared

from syndr.errors import InputError
from syndr.search import ExactSearch, LabelGap, split_rows


def rows_of(X):
    return split_rows(X, "X", "raise")[0]


@pytest.mark.parametrize("name", CASES)
def test_kernels_and_threads_give_the_same_bytes(kernel, name):
    X, y = feature_cases.make(name, np.float32)
    distances = similarity.matrix(X)
    first = None
    for threads in (1, 2, 3, 4):
        search = ExactSearch(threads)
        pairs = search.pairs(rows_of(X), RADIUS, LabelGap(y, GAP))
        components = search.components(rows_of(X), RADIUS, LabelGap(y, GAP))
        found = [part.tobytes() for part in (pairs.i, pairs.j, pairs.distance, components)]
        edges = agreeing_edges(distances, RADIUS, zip(pairs.i.tolist(), pairs.j.tolist(), strict=True), y, GAP)
        np.testing.assert_array_equal(components, similarity.components(len(X), edges))
        first = first or found
        assert found == first


@pytest.mark.parametrize("dims", [1, 15, 16, 17, 2048, 3000])
def test_tile_borders(kernel, dims, rng):
    X = rng.normal(size=(4, dims))[rng.integers(4, size=261)] + 0.3 * rng.normal(size=(261, dims))
    X = X.astype(np.float32)
    components = ExactSearch(2).components(rows_of(X), RADIUS)
    distances = similarity.matrix(X)
    assert not (np.abs(distances - RADIUS) <= similarity.AMBIGUOUS).any()
    np.testing.assert_array_equal(components, similarity.components(261, similarity.pairs(distances, RADIUS)))


def test_more_dims_than_8_bit_products_can_sum():
    with pytest.raises(InputError, match="rows of at most 65,536 dims, not 65,537"):
        ExactSearch().pairs(rows_of(np.ones((2, 65537), dtype=np.float32)), RADIUS)
    assert len(ExactSearch().pairs(rows_of(np.ones((2, 65536), dtype=np.float32)), RADIUS)) == 1


def test_a_kernel_that_is_not_there(monkeypatch, rng):
    monkeypatch.setenv("SYNDR_KERNEL", "abacus")
    with pytest.raises(ValueError, match="SYNDR_KERNEL=abacus is not a kernel this CPU can run; it has: .*portable"):
        ExactSearch().components(rows_of(rng.normal(size=(3, 3))), RADIUS)


@pytest.mark.parametrize("threads", [0, -1])
def test_a_number_of_threads_that_cannot_be(threads):
    with pytest.raises(InputError, match=f"threads must be at least 1, or None for all usable CPUs, not {threads}"):
        ExactSearch(threads)


def test_a_limit_of_memory_that_cannot_be():
    with pytest.raises(InputError, match="memory_limit must be a positive number of bytes, or None, not 0"):
        ExactSearch(memory_limit=0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_farthest(kernel, dtype, rng):
    base, queries = rng.normal(size=(50, 9)).astype(dtype), rng.normal(size=(30, 9)).astype(dtype)
    base[20:40] = base[:20]
    oracle = similarity.exact_matrix(queries, base)
    distances, found = ExactSearch().farthest(rows_of(queries), rows_of(base))
    np.testing.assert_array_equal(found, np.argmax(np.round(oracle, 13), axis=1))
    np.testing.assert_allclose(distances, oracle.max(axis=1), rtol=0, atol=1e-14)

    groups = rng.integers(3, size=30), rng.integers(3, size=50)
    distances, _ = ExactSearch().farthest(rows_of(queries), rows_of(base), *groups)
    allowed = np.where(groups[0][:, None] != groups[1], oracle, -1)
    np.testing.assert_allclose(distances, allowed.max(axis=1), rtol=0, atol=1e-14)


def test_farthest_among_rows_that_float32_products_cannot_order(kernel, rng):
    centre = rng.normal(size=(1, 48))
    base = (-centre + 3e-7 * rng.normal(size=(300, 48))).astype(np.float32)
    queries = (centre + 0.5 * rng.normal(size=(12, 48))).astype(np.float32)
    _, found = ExactSearch().farthest(rows_of(queries), rows_of(base))
    np.testing.assert_array_equal(found, np.argmax(similarity.exact_matrix(queries, base), axis=1))


def test_diameters(kernel, rng):
    X = rng.normal(size=(700, 20)).astype(np.float32)
    clusters = np.r_[np.zeros(400, dtype=np.int64), rng.integers(1, 5, size=299), 5]
    oracle = similarity.matrix(X)
    found = ExactSearch(3).diameters(rows_of(X), clusters, 7)
    for cluster in range(5):
        inside = clusters == cluster
        assert found[cluster] == pytest.approx(oracle[np.ix_(inside, inside)].max(), abs=1e-5)
    assert found[5] == 0  # one member
    assert found[6] == 0  # none


def test_real_features_equal_float64_brute_force():
    data = np.load(shared("data/kadid_like_features_f16.npz"))
    X, y = data["features"], data["quality"].astype(np.float64)
    found = ExactSearch().components(rows_of(X), 0.1, LabelGap(y, 1.0))

    # Blocks in label order: a block's partners end where labels are a whole gap away.
    order = np.argsort(y, kind="stable")
    unit = X[order].astype(np.float64)
    unit /= np.sqrt((unit * unit).sum(axis=1, keepdims=True))
    edges = []
    for start in range(0, len(unit), 500):
        end = np.searchsorted(y[order], y[order][min(start + 500, len(unit)) - 1] + 1.0)
        distances = 1 - unit[start : start + 500] @ unit[start:end].T
        assert not (np.abs(distances - 0.1) <= similarity.AMBIGUOUS).any()
        close = np.abs(y[order][start : start + 500, None] - y[order][None, start:end]) < 1.0
        i, j = np.nonzero((distances < 0.1) & close)
        edges += [(a, b) for a, b in zip(order[i + start], order[j + start], strict=True) if a != b]
    expected = similarity.components(len(X), {(min(a, b), max(a, b)) for a, b in edges})
    np.testing.assert_array_equal(found, expected)
