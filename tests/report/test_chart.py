"""Geometry: what is drawn where, against NumPy's own counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report.parsed import Parsed

from syndr.report import Bars, Histogram, Page, Plot, Section, render
from syndr.report.chart import bars_chart, histogram_chart, plot_chart

NUMBERS = st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float)


@settings(max_examples=150)
@given(st.lists(st.tuples(NUMBERS, st.booleans()), min_size=1, max_size=80), st.integers(1, 50), st.data())
def test_counts_are_numpys_and_heights_follow_them(pairs, bins, data):
    values, chosen = (np.array(column) for column in zip(*pairs, strict=True))
    if 0 < np.ptp(values) < 1e-3:
        values = np.round(values, 2)
    markers = data.draw(st.lists(NUMBERS.map(lambda at: (at, "here")), max_size=2))
    chart = histogram_chart(Histogram(values, "", "", bins, markers=markers, highlighted=chosen))
    edges = np.array([*(bar.low for bar in chart.columns), chart.columns[-1].high])
    unmarked = np.histogram_bin_edges(values, bins)
    inside = [at for at, _ in markers if unmarked[0] < at < unmarked[-1]]
    if inside:  # no bin holds values of both sides of the first threshold
        assert inside[0] in edges
        assert bins <= len(chart.columns) <= bins + 1
        step = (unmarked[-1] - unmarked[0]) / bins
        assert np.diff(edges)[1:-1] == pytest.approx(step)
        assert np.diff(edges).max() <= step * (1 + 1e-6)
    else:
        assert edges.tolist() == unmarked.tolist()
    counts, _ = np.histogram(values, edges)
    assert counts.sum() == len(values)
    assert [bar.count for bar in chart.columns] == counts.tolist()
    assert [bar.part for bar in chart.columns] == np.histogram(values[chosen], edges)[0].tolist()
    assert [bar.height for bar in chart.columns] == pytest.approx((100 * counts / counts.max()).tolist())
    assert chart.left_out == 0
    # Side by side from left to right, inside the plot together with the markers.
    ends = [bar.x + bar.width for bar in chart.columns]
    assert [bar.x for bar in chart.columns[1:]] == pytest.approx(ends[:-1], abs=1e-6)
    places = [chart.columns[0].x, ends[-1], *(marker.at for marker in chart.markers)]
    assert min(places) == pytest.approx(0, abs=1e-6)
    assert max(places) == pytest.approx(100, abs=1e-6)
    for (at, _), marker in zip(markers, chart.markers, strict=True):
        low, high = min(edges[0], *(m for m, _ in markers)), max(edges[-1], *(m for m, _ in markers))
        assert marker.at == pytest.approx(100 * (at - low) / (high - low), abs=1e-6)


def test_given_edges_are_kept_and_what_lies_outside_is_counted():
    values = [-1.0, 0.0, 0.5, 1.0, 9.9, 10.0, 10.1, np.nan, np.inf]
    chart = histogram_chart(Histogram(values, "", "", bins=[0, 1, 10]))
    assert [bar.count for bar in chart.columns] == [2, 3]
    assert [(bar.x, bar.width) for bar in chart.columns] == [(0.0, 10.0), (10.0, 90.0)]
    assert chart.left_out == 4


@pytest.mark.parametrize("values", [[], [0.25], [0.1 + 0.2, 0.3], [5.0] * 9])
def test_nothing_or_one_value_still_has_an_axis(values):
    chart = histogram_chart(Histogram(values, "", "", bins=4))
    assert sum(bar.count for bar in chart.columns) == len(values)
    assert len({tick.label for tick in chart.x_ticks}) == len(chart.x_ticks) >= 2


def test_thresholds_that_do_not_exist_are_not_drawn():
    chart = histogram_chart(Histogram([1.0, 2.0], "", "", markers=[(float("nan"), "none"), (3.0, "one")]))
    assert [(marker.at, marker.label) for marker in chart.markers] == [(100.0, "one")]


@given(NUMBERS, st.floats(1e-3, 1e6))
def test_ticks_are_round_distinct_and_inside(low, width):
    chart = plot_chart(Plot([low, low + width], [0, 1], "", "", ""))
    assert 2 <= len(chart.x_ticks) <= 8
    assert len({tick.label for tick in chart.x_ticks}) == len(chart.x_ticks)
    for tick in chart.x_ticks:
        assert -1e-6 <= tick.at <= 100 + 1e-6
        value = float(tick.label.replace(",", "").replace("−", "-"))
        assert tick.at == pytest.approx(100 * (value - low) / width, abs=0.01)


def test_ticks_of_counts_are_whole_numbers():
    chart = histogram_chart(Histogram([1, 2, 2], "", "", bins=2))
    assert [tick.label for tick in chart.y_ticks] == ["0", "1", "2"]


def test_bars_start_at_zero_on_either_side():
    chart = bars_chart(Bars(["down", "none", "up"], [-1, None, 3], "", parts=[-0.5, 0, 1], errors=[None, None, (2, 4)]))
    bars = chart.bars
    assert [tick.label for tick in chart.x_ticks] == ["−1", "0", "1", "2", "3", "4"]
    assert [tick.at for tick in chart.x_ticks] == [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    assert [(bar.x, bar.width) for bar in bars] == [(0.0, 20.0), (20.0, 0.0), (20.0, 60.0)]
    assert [(bar.part_x, bar.part_width) for bar in bars] == [(10.0, 10.0), (20.0, 0.0), (20.0, 20.0)]
    assert [bar.interval for bar in bars] == [None, None, (60.0, 100.0)]


def test_values_and_intervals_that_do_not_exist_are_not_drawn():
    nan = float("nan")
    bars = bars_chart(Bars(["a", "b"], [nan, 2.0], "", errors=[(0.0, 1.0), (nan, nan)])).bars
    assert [(bar.width, bar.interval) for bar in bars] == [(0.0, (0.0, 50.0)), (100.0, None)]
    page = Parsed(render(Page("", "", [Section("", [Bars(["a", "b"], [nan, 2.0], "")])])))
    assert [text for text in page.texts if text in ("–", "2.0000")] == ["–", "2.0000"]
    assert "nan" not in " ".join(page.values())


def test_points_are_where_they_belong_and_gaps_are_left_out():
    chart = plot_chart(Plot([0, 5, np.nan, 10], [1, 2, 3, 3], "", "steps", "loss"))
    assert [point[:2] for point in chart.points] == [(0.0, 100.0), (50.0, 50.0), (100.0, 0.0)]
    assert [point[2] for point in chart.points] == ["steps: 0; loss: 1", "steps: 5; loss: 2", "steps: 10; loss: 3"]
    from_zero = plot_chart(Plot([0, 5], [1, 4], "", "", "", from_zero=True))
    assert [point[:2] for point in from_zero.points] == [(0.0, 75.0), (100.0, 0.0)]
    square = plot_chart(Plot([0, 5], [5, 10], "", "", "", diagonal=True))
    assert [point[:2] for point in square.points] == [(0.0, 50.0), (50.0, 0.0)]
    assert [tick.at for tick in square.x_ticks] == [tick.at for tick in square.y_ticks]


def test_the_picture_draws_the_geometry():
    histogram = Histogram(
        [1, 1, 2, 9], "", "", bins=8, markers=[(5, "five")], highlighted=[1, 0, 0, 1], highlighted_label="chosen"
    )
    page = Parsed(render(Page("", "", [Section("", [histogram])])))
    chart = histogram_chart(histogram)
    drawn = [(rect["class"], rect["x"], rect["y"], rect["height"]) for rect in page.all("rect")]
    expected = []
    for bar in (bar for bar in chart.columns if bar.count):
        for kind, height, shown in (("whole", bar.height, True), ("part", bar.part_height, bar.part)):
            if shown:
                expected.append((kind, f"{bar.x:.3f}%", f"{100 - height:.3f}%", f"{height:.3f}%"))
    assert drawn == expected
    assert len(drawn) == 5
    assert [line["x1"] for line in page.all("line", "marker")] == ["50.000%"]
    assert "1.0000 to 2.0000: 2 values, 1 chosen" in page.texts


def test_an_axis_covers_what_it_is_told_to_and_intervals_are_written():
    bars = Bars(["a"], [0.5], "", errors=[(0.4, 0.625)], decimals=2, x_label="SRCC", x_range=(0.0, 1.0))
    (bar,) = bars_chart(bars).bars
    assert (bar.width, bar.interval, bar.ends) == (50.0, (40.0, 62.5), (0.4, 0.625))
    page = Parsed(render(Page("", "", [Section("", [bars])])))
    assert "(0.40 to 0.62)" in page.texts
    assert [text for text in page.texts if text in ("0.0", "0.2", "1.0", "SRCC")] == ["0.0", "0.2", "1.0", "SRCC"]
