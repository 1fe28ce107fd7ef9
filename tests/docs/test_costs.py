"""What the page on scaling says follows from what was measured."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parents[2]))  # the benchmarks are not installed
from benchmarks.costs import SIZES, Measured, Rates, costs_table, duration, gigabytes, measured_in, rates_from

ROOT = Path(__file__).resolve().parents[2]

seconds = st.floats(1e-12, 1e-3)


def search(rows, rates):
    return Measured(rows, 2048, True, rates.seconds(rows), None)


@given(linear=seconds, quadratic=seconds)
def test_rates_are_found_again(linear, quadratic):
    rates = Rates(linear, quadratic)
    found = rates_from([search(rows, rates) for rows in (700_000, 1_000, 160_000)])
    assert found.seconds(10_000_000) == pytest.approx(rates.seconds(10_000_000), rel=1e-9)


@given(first=st.floats(0.01, 1e3), second=st.floats(0.01, 1e3))
def test_no_term_is_negative_and_the_largest_set_costs_what_it_cost(first, second):
    found = rates_from([Measured(1_000, 8, True, first, None), Measured(50_000, 8, True, second, None)])
    assert found.linear >= 0 and found.quadratic >= 0
    assert found.seconds(50_000) == pytest.approx(second)


def test_a_single_size_is_charged_as_quadratic():
    found = rates_from([Measured(700_000, 2048, False, 129.1, None)])
    assert found.linear == 0
    assert found.seconds(7_000_000) == pytest.approx(12_910)


def test_the_published_results_give_the_table():
    path = ROOT / "benchmarks" / "results" / "search.json"
    searches = measured_in(json.loads(path.read_text()))
    assert {each.labels for each in searches} == {True, False}
    for table in costs_table([path]).split("\n\n"):
        lines = table.splitlines()
        assert [line.split("|")[1].strip() for line in lines[2:]] == [f"{rows:,}" for rows in SIZES]
        assert all(line.count("|") == lines[0].count("|") for line in lines)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.25, "0.25 s"), (119, "120 s"), (120, "2 min"), (7_200, "2 h"), (172_800, "2 days"), (2_628_000, "30 days")],
)
def test_durations(value, text):
    assert duration(value) == text


@pytest.mark.parametrize(("value", "text"), [(2.276e9, "2.3 GB"), (2.276e11, "230 GB"), (1.2e12, "1,200 GB")])
def test_sizes(value, text):
    assert gigabytes(value) == text
