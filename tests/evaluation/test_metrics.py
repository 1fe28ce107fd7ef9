"""Metrics against scipy and against naive definitions, on random, tied and degenerate input."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import metrics as oracle
from scipy import stats

from syndr.errors import InputError
from syndr.evaluation.metrics import krcc, measure, plcc, rmse, srcc

TIED = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=40)
SMOOTH = st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 10)), min_size=3, max_size=40)


@given(TIED | SMOOTH)
def test_equal_scipy_and_the_definitions(pairs):
    x, y = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    assert rmse(x, y) == pytest.approx(math.sqrt(sum((a - b) ** 2 for a, b in pairs) / len(pairs)))
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert all(math.isnan(metric(x, y)) for metric in (srcc, krcc, plcc))
        return
    assert srcc(x, y) == stats.spearmanr(x, y).statistic
    assert srcc(x, y) == pytest.approx(oracle.spearman(x, y), abs=1e-12)
    assert krcc(x, y) == stats.kendalltau(x, y).statistic
    assert krcc(x, y) == pytest.approx(oracle.kendall_tau_b(x, y), abs=1e-12)
    if x.std() > 1e-6 and y.std() > 1e-6:
        assert plcc(x, y) == stats.pearsonr(x, y).statistic
        assert plcc(x, y) == pytest.approx(oracle.pearson(x, y), abs=1e-9)


def test_measure_gathers_the_same_numbers():
    draw = np.random.default_rng(0)
    y = draw.uniform(0, 10, 60)
    x = y + draw.normal(0, 2, 60)
    metrics = measure(x, y)
    assert (metrics.n, metrics.notes) == (60, ())
    assert (metrics.srcc, metrics.krcc, metrics.plcc, metrics.rmse) == (srcc(x, y), krcc(x, y), plcc(x, y), rmse(x, y))
    assert metrics.rmse_logistic <= metrics.rmse


def test_logistic_recovers_a_logistic_relation_on_any_scale():
    x = np.linspace(-4, 4, 80)
    y = 8 / (1 + np.exp(-(x - 0.5) / 0.7)) + 1
    for scaled in (x, 1e-9 * x + 1e-6, 1e6 * x - 3):
        metrics = measure(scaled, y)
        assert metrics.plcc_logistic == pytest.approx(1.0, abs=1e-9)
        assert metrics.rmse_logistic == pytest.approx(0.0, abs=1e-5)
        assert metrics.plcc < 0.99


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("noise", [0.3, 3.0])
def test_logistic_is_as_good_as_the_best_on_a_grid(seed, noise):
    draw = np.random.default_rng(seed)
    y = draw.uniform(0, 10, 50)
    x = np.tanh((y - 5) / 3) + draw.normal(0, noise / 5, 50)
    assert measure(x, y).rmse_logistic <= oracle.best_logistic_rmse(x, y) * 1.01


def test_reversed_predictions_keep_their_sign_and_say_so():
    y = np.linspace(0, 10, 30)
    metrics = measure(-(y**2), y)
    assert metrics.srcc == pytest.approx(-1)
    assert metrics.plcc_logistic < -0.99
    assert any("run against quality" in note for note in metrics.notes)


@pytest.mark.parametrize("constant", ["predictions", "quality"])
def test_constant_input_gives_nan_and_a_note(constant):
    values = {"predictions": np.arange(8.0), "quality": np.arange(8.0)}
    values[constant] = np.full(8, 3.0)
    metrics = measure(**values)
    assert all(math.isnan(value) for value in (metrics.srcc, metrics.krcc, metrics.plcc, metrics.plcc_logistic))
    assert metrics.rmse > 0
    assert len(metrics.notes) == 1
    assert "all" in metrics.notes[0] and "equal" in metrics.notes[0]


@pytest.mark.parametrize("n", [3, 4])
def test_too_few_points_for_a_logistic_are_noted(n):
    metrics = measure(np.arange(n) ** 2.0, np.arange(n) * 1.0)
    assert metrics.srcc == pytest.approx(1)
    assert math.isnan(metrics.plcc_logistic)
    assert "at least 5" in metrics.notes[0]


@given(TIED | SMOOTH)
@settings(max_examples=60, deadline=None)
def test_measure_never_raises_on_finite_input(pairs):
    x, y = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    metrics = measure(x, y)
    if math.isnan(metrics.plcc_logistic):
        assert metrics.notes
    else:
        assert abs(metrics.plcc_logistic) <= 1 + 1e-12
        assert metrics.rmse_logistic <= y.std() + 1e-6


def test_values_too_close_to_tell_apart_are_noted():
    metrics = measure(np.arange(6) * 1e-300, np.arange(6.0))
    assert metrics.srcc == pytest.approx(1)
    assert any("equal or nearly so" in note for note in metrics.notes)


@pytest.mark.parametrize("metric", [srcc, krcc, plcc, rmse, measure])
@pytest.mark.parametrize(
    ("predictions", "quality", "message"),
    [
        ([1.0, 2.0], [1.0, 2.0], "at least 3"),
        ([], [], "at least 3"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], "one length"),
        ([[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]], "one length"),
        ([1.0, float("nan"), 3.0], [1.0, 2.0, 3.0], r"predictions: 1 values .* rows \[1\]"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, float("inf")], r"quality: 1 values .* rows \[2\]"),
    ],
)
def test_unusable_input_is_refused(metric, predictions, quality, message):
    with pytest.raises(InputError, match=message):
        metric(predictions, quality)


def test_a_fit_that_does_not_converge_is_noted(monkeypatch):
    monkeypatch.setattr("syndr.evaluation.logistic._MAX_ITERATIONS", 1)
    metrics = measure([1.0, 3.0, 2.0, 5.0, 4.0, 9.0], np.arange(6.0))
    assert math.isnan(metrics.plcc_logistic)
    assert "did not converge" in metrics.notes[0]
    assert metrics.srcc > 0.8


def test_metrics_need_no_torch():
    code = "import sys, syndr.evaluation, syndr.theory; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
