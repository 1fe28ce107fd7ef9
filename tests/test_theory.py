"""Theorem 1 against closed forms and a literal transcription."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndr.errors import InputError
from syndr.theory import generalization_bound


def test_singletons_have_eta_one():
    bound = generalization_bound(np.arange(50))
    assert (bound.m, bound.n, bound.eta) == (50, 50, 1.0)
    log_term = math.log(40)
    assert bound.sample_term == pytest.approx(math.sqrt(2 * log_term / 50))
    assert bound.heterogeneity_term_printed == pytest.approx(math.sqrt(log_term / 400))
    assert bound.heterogeneity_term_corrected == pytest.approx(math.sqrt(log_term / 100))
    assert bound.cluster_term == pytest.approx(2 * log_term / 150)


@pytest.mark.parametrize("k", [1, 2, 7, 125])
def test_equal_clusters_have_eta_one_over_k(k):
    bound = generalization_bound(np.repeat(np.arange(8), k))
    assert (bound.m, bound.n) == (8, 8 * k)
    assert bound.eta == pytest.approx(1 / k)


@given(
    st.lists(st.integers(1, 200), min_size=1, max_size=60),
    st.floats(1e-6, 0.999),
    st.none() | st.floats(0, 10),
)
def test_equals_a_transcription_of_the_theorem(sizes, delta, rademacher):
    bound = generalization_bound(sizes=sizes, delta=delta, rademacher=rademacher)
    m, n = len(sizes), sum(sizes)
    eta = sum(1 / k for k in sizes) / m
    log_term = math.log(2 / delta)
    common = math.sqrt(2 * log_term / n) + 2 * log_term / (3 * m) + 2 * (rademacher or 0)
    assert bound.total_printed == pytest.approx(common + math.sqrt(eta * log_term / (8 * m)))
    assert bound.total_corrected == pytest.approx(common + math.sqrt(eta * log_term / (2 * m)))
    assert bound.heterogeneity_term_corrected == pytest.approx(2 * bound.heterogeneity_term_printed)


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=40))
def test_groups_and_their_sizes_say_the_same(groups):
    sizes = [groups.count(label) for label in sorted(set(groups))]
    assert generalization_bound(groups) == generalization_bound(sizes=sizes)


def test_thinning_a_cluster_loosens_the_bound():
    before = generalization_bound(sizes=[40, 10])
    after = generalization_bound(sizes=[20, 10])
    assert after.eta > before.eta
    assert after.total_corrected > before.total_corrected


def test_rademacher_is_left_out_of_the_sum_when_not_given():
    without = generalization_bound(sizes=[3, 4])
    given_ = generalization_bound(sizes=[3, 4], rademacher=0.25)
    assert without.rademacher_term is None
    assert given_.rademacher_term == 0.5
    assert given_.total_printed == pytest.approx(without.total_printed + 0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one"),
        ({"groups": [1], "sizes": [1]}, "exactly one"),
        ({"groups": []}, "at least one"),
        ({"groups": [[1, 2]]}, "one label per sample"),
        ({"groups": [0.5, 1.5]}, "integers or strings"),
        ({"groups": np.array(["a", None, 3], dtype=object)}, "none missing"),
        ({"sizes": [3, 0]}, "cluster 1 has size 0"),
        ({"sizes": [1.5]}, "integers"),
        ({"sizes": []}, "at least one"),
        ({"sizes": [1], "delta": 0.0}, "delta"),
        ({"sizes": [1], "delta": 1.0}, "delta"),
        ({"sizes": [1], "delta": float("nan")}, "delta"),
        ({"sizes": [1], "rademacher": -1.0}, "rademacher"),
        ({"sizes": [1], "rademacher": float("nan")}, "rademacher"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        generalization_bound(**arguments)


def test_rows_set_aside_are_in_no_cluster():
    with_aside = generalization_bound(np.array([0, 0, -1, 1, -1]))
    assert (with_aside.m, with_aside.n, with_aside.eta) == (2, 3, 0.75)
    with pytest.raises(InputError, match="at least one sample that is in a cluster"):
        generalization_bound(np.array([-1, -1]))
