"""The estimate of recall, and whether its interval holds what it promises."""

from __future__ import annotations

import feature_cases
import numpy as np
import pytest
from feature_cases import GAP, RADIUS
from oracle import similarity

pytest.importorskip("faiss", reason="the extra faiss is not installed")

from syndr.search import LabelGap, split_rows
from syndr.search.faiss.recall import PairSample, draw, estimate


def test_by_hand():
    found, true = np.array([2, 0, 3, 0]), np.array([2, 0, 4, 2])
    recall = estimate(found, true, 4)
    assert (recall.estimate, recall.low, recall.high, recall.rows, recall.pairs) == (0.625, 0.625, 0.625, 4, 8)
    part = estimate(found, true, 1000)
    assert part.estimate == 0.625
    assert 0 < part.low < 0.625 < part.high < 1
    assert str(part).startswith("0.6250 (95% interval 0.")


def test_nothing_missed_still_leaves_doubt():
    rows, most = (np.full(n, 50) for n in (20, 200))
    few, many = estimate(rows, rows, 100_000), estimate(most, most, 100_000)
    assert few.estimate == few.high == many.estimate == 1
    assert 0.8 < few.low < many.low < 0.99  # by rows, not by their 50 pairs each


def test_no_true_pairs():
    recall = estimate(np.zeros(9, int), np.zeros(9, int), 100)
    assert recall.estimate is None
    assert (recall.low, recall.high) == (0, 1)


@pytest.mark.parametrize("share", [0.6, 0.9, 0.98])
def test_the_interval_holds_the_truth_nineteen_times_in_twenty(share, rng):
    """Rows whose pairs are found or missed together, as those of a cluster are."""
    true = rng.geometric(0.05, size=20_000)
    found = rng.binomial(true, rng.beta(8 * share, 8 * (1 - share), size=len(true)))
    whole = found.sum() / true.sum()
    held = 0
    for seed in range(400):
        some = draw(len(true), 256, (seed,))
        recall = estimate(found[some], true[some], len(true))
        held += recall.low <= whole <= recall.high
    assert held / 400 >= 0.93


def test_a_sample_knows_its_true_pairs_and_counts_what_was_found():
    X, y = feature_cases.make("clustered")
    rows = split_rows(X, "X", "raise")[0]
    near = similarity.pairs(similarity.matrix(X), RADIUS, y, GAP)
    sample = PairSample(rows, RADIUS, LabelGap(y, GAP), 50, (3,))
    assert (np.diff(sample.sampled) > 0).all()
    place, other = np.nonzero(sample.true)
    pairs = {(min(a, b), max(a, b)) for a, b in zip(sample.sampled[place].tolist(), other.tolist(), strict=True)}
    assert pairs == {(i, j) for i, j in near if i in sample.sampled or j in sample.sampled}

    i, j = np.array(sorted(near)).T
    assert sample.recall().estimate == 0
    half = len(i) // 2
    sample.note(i[:half], j[:half])
    sample.note(i[:half], j[:half])  # found from the other end as well
    ends = np.isin(i, sample.sampled).astype(int) + np.isin(j, sample.sampled)
    assert sample.recall().estimate == pytest.approx(ends[:half].sum() / ends.sum())
    sample.note(i[half:], j[half:])
    assert sample.recall().estimate == 1


def test_draws_depend_on_the_seed_alone():
    assert draw(100, 10, (1, 2)).tolist() == draw(100, 10, (1, 2)).tolist()
    assert draw(100, 10, (1, 2)).tolist() != draw(100, 10, (1, 1)).tolist()
    assert draw(5, 10, (0,)).tolist() == [0, 1, 2, 3, 4]
    assert draw(0, 10, (0,)).tolist() == []
