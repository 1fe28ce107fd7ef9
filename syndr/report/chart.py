"""Where the parts of a picture go: everything in per cent of the plot, so that text keeps its size on any screen."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from syndr.report.blocks import Bars, Histogram, Plot

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Marker:
    """A labelled vertical line."""

    at: float
    label: str


@dataclass(frozen=True)
class Column:
    """A bar of a histogram: horizontal extent, height, height of its highlighted part, and the numbers behind them."""

    x: float
    width: float
    height: float
    part_height: float
    low: float
    high: float
    count: int
    part: int


@dataclass(frozen=True)
class HistogramChart:
    """Geometry of a histogram."""

    columns: tuple[Column, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    markers: tuple[Marker, ...]
    left_out: int


@dataclass(frozen=True)
class Bar:
    """A horizontal bar: its extent, that of its part, and its interval from left to right, in place and in value."""

    label: str
    value: float | None
    x: float
    width: float
    part_x: float
    part_width: float
    part: float | None
    interval: tuple[float, float] | None
    ends: tuple[float, float] | None


@dataclass(frozen=True)
class BarsChart:
    """Geometry of horizontal bars."""

    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class PlotChart:
    """Geometry of a plot; ``y`` is counted from the top, as SVG does, and each point says what it is."""

    points: tuple[tuple[float, float, str], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def histogram_chart(histogram: Histogram) -> HistogramChart:
    """Lay out a histogram; counts are those of :func:`numpy.histogram` over the finite values."""
    values = np.asarray(histogram.values, dtype=np.float64)
    finite = np.isfinite(values)
    counts, edges = np.histogram(values[finite], bins=_edges(histogram, values[finite]))
    parts = np.zeros_like(counts)
    if histogram.highlighted is not None:
        chosen = np.asarray(histogram.highlighted, dtype=bool)
        parts = np.histogram(values[finite & chosen], bins=edges)[0]
    markers = [(float(at), label) for at, label in histogram.markers if np.isfinite(at)]
    x = _Axis.around([*edges, *(at for at, _ in markers)])
    y = _Axis(0.0, float(max(counts.max(), 1)))
    return HistogramChart(
        columns=tuple(
            Column(
                x=x.at(low),
                width=x.at(high) - x.at(low),
                height=y.at(count),
                part_height=y.at(part),
                low=float(low),
                high=float(high),
                count=int(count),
                part=int(part),
            )
            for low, high, count, part in zip(edges[:-1], edges[1:], counts, parts, strict=True)
        ),
        x_ticks=x.ticks(6),
        y_ticks=y.ticks(5, smallest_step=1.0),
        markers=tuple(Marker(x.at(at), label) for at, label in markers),
        left_out=len(values) - int(counts.sum()),
    )


def _edges(histogram: Histogram, values: Floats) -> Floats:
    """Give the bins' edges; one of them is the first marker, so that no bin holds values of both its sides."""
    span = _Axis.around(values)
    inside = [at for at, _ in histogram.markers if span.low < at < span.high]
    if not isinstance(histogram.bins, int) or not inside:
        return np.histogram_bin_edges(values, histogram.bins, (span.low, span.high))
    at, step = inside[0], (span.high - span.low) / histogram.bins
    below, above = ceil((at - span.low) / step), ceil((span.high - at) / step)
    edges: Floats = at + step * np.arange(-below, above + 1, dtype=np.float64)
    edges[0] = min(max(edges[0], 0.0), span.low) if span.low >= 0 else min(edges[0], span.low)
    edges[-1] = max(edges[-1], span.high)
    return edges


def bars_chart(bars: Bars) -> BarsChart:
    """Lay out horizontal bars; all start from zero, to the left of it for negative values."""
    intervals = [
        None if pair is None or not np.isfinite(pair).all() else pair
        for pair in bars.errors or [None] * len(bars.labels)
    ]
    ends = [end for pair in intervals if pair is not None for end in pair]
    axis = _Axis.around([0.0, *(value for value in bars.values if _exists(value)), *ends, *(bars.x_range or ())])
    zero = axis.at(0.0)

    def extent(value: float | None) -> tuple[float, float]:
        tip = axis.at(value) if _exists(value) else zero
        return min(zero, tip), abs(tip - zero)

    parts: list[float | None] = [None] * len(bars.labels) if bars.parts is None else list(bars.parts)
    laid_out = tuple(
        Bar(
            label,
            value,
            *extent(value),
            *extent(part),
            part=part,
            interval=None if pair is None else (axis.at(pair[0]), axis.at(pair[1])),
            ends=pair,
        )
        for label, value, part, pair in zip(bars.labels, bars.values, parts, intervals, strict=True)
    )
    return BarsChart(laid_out, axis.ticks(5))


def plot_chart(plot: Plot) -> PlotChart:
    """Lay out the points of a plot that have both coordinates."""
    x, y = np.asarray(plot.x, dtype=np.float64), np.asarray(plot.y, dtype=np.float64)
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    x_axis, y_axis = _Axis.around(x), _Axis.around([0.0, *y] if plot.from_zero else y)
    if plot.diagonal:
        x_axis = y_axis = _Axis.around([*x, *y])
    return PlotChart(
        points=tuple(
            (x_axis.at(a), 100.0 - y_axis.at(b), f"{plot.x_label}: {a:,.6g}; {plot.y_label}: {b:,.4g}")
            for a, b in zip(x, y, strict=True)
        ),
        x_ticks=x_axis.ticks(6),
        y_ticks=y_axis.ticks(5),
    )


def _exists(value: float | None) -> TypeGuard[float]:
    return value is not None and bool(np.isfinite(value))


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float

    @classmethod
    def around(cls, values: npt.ArrayLike) -> _Axis:
        array: Floats = np.asarray(values, dtype=np.float64)
        if array.size == 0:
            return cls(0.0, 1.0)
        low, high = float(array.min()), float(array.max())
        # Values that differ by rounding only are one value: ticks between them would all read alike.
        if high - low > 1e-9 * max(1.0, abs(low), abs(high)):
            return cls(low, high)
        return cls(low - 0.5, high + 0.5)

    def at(self, value: float) -> float:
        """Per cent of the way from ``low`` to ``high``."""
        return 100.0 * (float(value) - self.low) / (self.high - self.low)

    def ticks(self, about: int, smallest_step: float = 0.0) -> tuple[Tick, ...]:
        """Round numbers on the axis: steps of 1, 2 or 5 times a power of ten, ``about`` so many or fewer."""
        step = max(_round_up((self.high - self.low) / about), smallest_step)
        decimals = max(0, ceil(-log10(step) - 1e-9))
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return tuple(
            Tick(self.at(k * step), f"{k * step + 0.0:,.{decimals}f}".replace("-", "−")) for k in range(first, last + 1)
        )


def _round_up(step: float) -> float:
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= step * (1 - 1e-9))
