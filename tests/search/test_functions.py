"""The search by itself, as a user calls it."""

from __future__ import annotations

import feature_cases
import numpy as np
import pytest
from feature_cases import GAP, RADIUS, agreeing_edges
from oracle import similarity

import syndr
from syndr.errors import BadRowsError, InputError


def with_a_bad_row(X):
    return np.insert(X, 2, 0, axis=0)


def test_components_and_pairs_with_a_row_set_aside():
    X, y = feature_cases.make("clustered", np.float32)
    X, y = with_a_bad_row(X), np.insert(y, 2, 5.0)
    good = np.delete(np.arange(len(X)), 2)
    pairs = syndr.similar_pairs(X, RADIUS, y, GAP, on_bad_rows="set_aside")
    distances = np.full((len(X), len(X)), 2.0)
    distances[np.ix_(good, good)] = similarity.matrix(X[good])
    edges = agreeing_edges(distances, RADIUS, zip(pairs.i.tolist(), pairs.j.tolist(), strict=True), y, GAP)
    assert len(edges) > 50
    found = syndr.components(X, RADIUS, y, GAP, on_bad_rows="set_aside")
    assert found.labels[2] == -1
    expected = similarity.components(len(X), edges)
    assert similarity.partition(found.labels[good]) == similarity.partition(expected[good])
    assert found.engine_report["compared"] > 0
    assert pairs.engine_report["edges"] == len(pairs)
    streamed = list(syndr.iter_similar_pairs(X, RADIUS, y, GAP, block=10, on_bad_rows="set_aside"))
    assert {(i, j) for block in streamed for i, j in zip(block.i.tolist(), block.j.tolist(), strict=True)} == edges


def test_nearest_with_rows_set_aside(rng):
    base, queries = with_a_bad_row(rng.normal(size=(20, 5))), with_a_bad_row(rng.normal(size=(6, 5)))
    found = syndr.nearest(queries, base, 3, on_bad_rows="set_aside")
    good = np.delete(np.arange(len(base)), 2)
    oracle = similarity.exact_matrix(np.delete(queries, 2, axis=0), base[good])
    np.testing.assert_array_equal(np.delete(found.rows, 2, axis=0), good[np.argsort(oracle, axis=1)[:, :3]])
    assert (found.rows[2] == -1).all()
    assert np.isnan(found.distances[2]).all()
    none = syndr.nearest(queries, np.zeros((2, 5)), 2, on_bad_rows="set_aside")
    assert (none.rows == -1).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda X: syndr.components(X, 0), InputError, r"radius must lie in \(0, 2\], not 0"),
        (lambda X: syndr.components(X, np.nan), InputError, "radius must lie"),
        (lambda X: syndr.components(X, 0.1, labels=np.ones(4)), InputError, "labels and gap go together"),
        (lambda X: syndr.similar_pairs(X, 0.1, gap=1.0), InputError, "labels and gap go together"),
        (lambda X: syndr.components(X, 0.1, np.ones(4), 0), InputError, "gap must be positive"),
        (lambda X: syndr.components(X, 0.1, np.ones(3), 1), InputError, "labels must have one entry for each of the 4"),
        (lambda X: list(syndr.iter_similar_pairs(X, 0.1, block=0)), InputError, "block must be at least 1"),
        (lambda X: syndr.nearest(X, X, 0), InputError, "k must be at least 1"),
        (lambda X: syndr.nearest(X, X[:, :2], 1), InputError, "queries and base have 3 and 2 dims"),
        (lambda X: syndr.components(0 * X, 0.1), BadRowsError, "4 of 4 rows have no usable direction"),
    ],
)
def test_bad_arguments(call, error, message, rng):
    with pytest.raises(error, match=message):
        call(rng.normal(size=(4, 3)))


def test_bfloat16_tensors_are_not_copied(rng):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    X = torch.from_numpy(rng.normal(size=(150, 24))).bfloat16()
    wide = X.float().numpy()
    assert syndr.search.as_matrix(X).ctypes.data == X.data_ptr()
    pairs, expected = syndr.similar_pairs(X, 0.6), syndr.similar_pairs(wide, 0.6)
    assert len(pairs) > 20
    np.testing.assert_array_equal(pairs.i, expected.i)
    np.testing.assert_array_equal(pairs.distance, expected.distance)
    kept = syndr.DRCDown(0.6, min_keep=1).fit_resample(X)[0]
    assert kept.dtype == torch.bfloat16
    np.testing.assert_array_equal(kept.float().numpy(), syndr.DRCDown(0.6, min_keep=1).fit_resample(wide)[0])
