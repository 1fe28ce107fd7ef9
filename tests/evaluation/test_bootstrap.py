"""The bootstrap interval against a loop over the same resamples, and its coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from oracle import metrics as oracle

from syndr.errors import InputError
from syndr.evaluation import bootstrap
from syndr.evaluation.bootstrap import bootstrap_interval, intervals
from syndr.evaluation.metrics import srcc


@pytest.mark.parametrize("tied", [False, True])
def test_equals_a_loop_over_the_same_resamples(tied):
    draw = np.random.default_rng(3)
    y = draw.uniform(0, 10, 12)
    x = y + draw.normal(0, 3, 12)
    if tied:
        x, y = np.round(x), np.round(y / 3)
    interval = bootstrap_interval(x, y, level=0.9, resamples=80, seed=5)
    rows = np.random.default_rng(5).integers(0, 12, size=(80, 12))
    low, high = np.quantile(oracle.bootstrap_srcc(x, y, rows), [0.05, 0.95])
    assert interval.value == srcc(x, y)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize("statistic", ["srcc", "plcc"])
def test_whole_groups_are_drawn(statistic):
    draw = np.random.default_rng(4)
    group = np.array(["b", "a", "b", "c", "a", "b", "c", "d", "d", "a"])
    y = draw.uniform(0, 10, 10)
    x = y + draw.normal(0, 3, 10)
    interval = bootstrap_interval(x, y, statistic=statistic, groups=group, resamples=60, seed=5)
    again, values = np.random.default_rng(5), []
    for _ in range(60):
        names = np.array(["a", "b", "c", "d"])[again.integers(0, 4, 4)]
        rows = [row for name in names for row in np.flatnonzero(group == name)]
        agree = oracle.spearman if statistic == "srcc" else oracle.pearson
        if len(set(rows)) > 1:
            values.append(agree(list(x[rows]), list(y[rows])))
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])), abs=1e-12)


def test_intervals_are_over_references_where_all_images_have_one():
    draw = np.random.default_rng(4)
    y = draw.uniform(0, 10, 40)
    x, references = y + draw.normal(0, 3, 40), np.repeat(np.array(["a", "b", "c", "d"], dtype=object), 10)
    whole = intervals(x, y, references)
    expected = bootstrap_interval(x, y, statistic="plcc", groups=references.astype(str))
    assert (whole["resampled"], whole["plcc_interval"]) == ("references", [expected.low, expected.high])
    references[3] = None
    single = intervals(x, y, references)
    expected = bootstrap_interval(x, y)
    assert (single["resampled"], single["srcc_interval"]) == ("images", [expected.low, expected.high])


def test_block_size_does_not_matter(monkeypatch):
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(2, 30))
    whole = bootstrap_interval(x, y, resamples=101)
    monkeypatch.setattr(bootstrap, "_BLOCK", 7 * 30)
    assert bootstrap_interval(x, y, resamples=101) == whole


def test_seed_decides_the_interval():
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(2, 30))
    assert bootstrap_interval(x, y, seed=1) == bootstrap_interval(x, y, seed=1)
    assert bootstrap_interval(x, y, seed=1) != bootstrap_interval(x, y, seed=2)


def test_covers_about_as_often_as_it_says():
    draw = np.random.default_rng(7)
    population = 6 / math.pi * math.asin(0.7 / 2)  # Spearman's rho of a bivariate normal with correlation 0.7
    hits = 0
    for seed in range(100):
        x = draw.normal(size=80)
        y = 0.7 * x + math.sqrt(1 - 0.49) * draw.normal(size=80)
        interval = bootstrap_interval(x, y, resamples=200, seed=seed)
        hits += interval.low <= population <= interval.high
    assert 85 <= hits <= 100


def test_constant_side_gives_nan():
    interval = bootstrap_interval(np.ones(5), np.arange(5.0))
    assert all(math.isnan(value) for value in (interval.value, interval.low, interval.high))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"level": 1.0}, "level"), ({"level": 0.0}, "level"), ({"resamples": 0}, "resamples"), ({"seed": -1}, "seed")],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        bootstrap_interval(np.arange(5.0), np.arange(5.0), **arguments)


def test_too_few_images_are_refused():
    with pytest.raises(InputError, match="at least 3"):
        bootstrap_interval([1.0, 2.0], [1.0, 2.0])
