"""Which short rows the exact search sorts pairs out with: chosen by what they cost, never by what they find.

Whatever is chosen, the answer is the same (csrc/filter_rows.hpp); a good choice is only faster.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.search.protocol import LabelGap
from syndr.search.rows import Rows

_TRIED = 1024  # rows a filter is tried out on
_SAMPLED = 2048  # rows that principal directions are taken from
_LARGE_SAMPLE = 4096  # the same for many rows, where better directions pay
_MANY_ROWS = 100_000

# Directions to try (with the residual: multiples of 64), and the share of all pairs each is likely to leave.
_LEFT = {63: 0.03, 127: 0.005, 255: 0.003}

# Nanoseconds on one core of a Zen 4 server; only their ratios matter, and they differ little from CPU to CPU.
_COMPARE = 0.005  # one coordinate of a pair of short rows
_CHECK = (10.0, 0.035)  # a candidate by whole 8-bit rows: once, and for each dim
_CHECK_FLOATS = (50.0, 0.25)  # the same by float32
_PROJECT = 0.025  # one coordinate of a row onto one direction
_TRIAL = 7e5  # making a filter and trying it out, for each direction
_WORTH = 0.03  # the share of the work that may go into trying a second one


@dataclass(frozen=True)
class Filter:
    """How the exact search compares rows at first.

    Attributes:
        basis: (directions, dims) float32 principal directions of a sample; None to compare rows as they are.
        centre: (directions + 1,) float32, or (dims,) without a basis.
        step: Quantization step of the short rows.
        whole_rows: Whether rows are kept as 8-bit integers too, one byte for each dim, to check candidates with.
        why: One clause for people.
    """

    basis: npt.NDArray[np.float32] | None
    centre: npt.NDArray[np.float32]
    step: float
    whole_rows: bool
    why: str

    @property
    def dims(self) -> int:
        """Coordinates of a short row."""
        return len(self.centre)


def choose_filter(
    rows: Rows,
    radius: float,
    gap: LabelGap | None,
    threads: int,
    memory_limit: int | None = None,
    among: npt.NDArray[np.int64] | None = None,
) -> Filter:
    """Choose by estimated cost, trying filters out on a sample where there is enough work for that to pay.

    Args:
        rows: What will be joined.
        radius: Its radius.
        gap: Its label condition.
        threads: Threads for the trial.
        memory_limit: Bytes that the short and whole rows may take together; half the machine's memory when None.
        among: The rows that will be joined; all when None.

    Returns:
        The filter with the least estimated cost.
    """
    count, dims = len(rows) if among is None else len(among), rows.features.shape[1]
    pairs = _pairs_in_band(count, gap if gap is None or among is None else LabelGap(gap.labels[among], gap.gap))
    limit = memory_limit if memory_limit is not None else _half_of_memory()
    as_they_are = pairs * dims * _COMPARE
    if dims <= 64 or as_they_are < 100 * _TRIAL:
        return _unprojected(_sample(rows, among, 256), "few dims or pairs: rows are compared as they are")

    def cost(directions: int, left: float, whole_rows: bool = True) -> float:
        once, each = _CHECK if whole_rows else _CHECK_FLOATS
        making = _TRIAL * directions + count * dims * directions * _PROJECT
        return making + pairs * ((1 + directions) * _COMPARE + left * (once + each * dims))

    best, least = None, as_they_are
    tried: list[str] = []
    sample = _sample(rows, among, _TRIED)
    seen = _sample(rows, among, _SAMPLED if count < _MANY_ROWS else _LARGE_SAMPLE)
    for directions in sorted((d for d in _LEFT if d < dims // 2), key=lambda d: cost(d, _LEFT[d])):
        if cost(directions, 0) > least or (tried and _TRIAL * directions > _WORTH * least):
            continue  # would cost more even if it left no candidate, or there is too little to gain
        found = _projected(seen, directions, count * (dims + directions + 64) <= limit, threads)
        left = _candidates(sample, found, radius, threads)
        tried.append(f"{found.dims} dims leave {left:.2%} of a sample's pairs")
        if cost(directions, left, found.whole_rows) < least:
            best, least = found, cost(directions, left, found.whole_rows)
    said = ", ".join(tried)
    if best is None:
        return _unprojected(sample, f"no filter pays: {said}")
    return Filter(best.basis, best.centre, best.step, best.whole_rows, said)


def _sample(rows: Rows, among: npt.NDArray[np.int64] | None, most: int) -> Rows:
    """Give some rows, evenly spread."""
    count = len(rows) if among is None else len(among)
    if count <= most and among is None:
        return rows
    some = np.arange(min(count, most)) * count // max(1, min(count, most))
    return rows.take(some if among is None else among[some])


def _projected(seen: Rows, directions: int, whole_rows: bool, threads: int) -> Filter:
    basis, centre, step = _native.principal_filter(seen.features, seen.norms, len(seen), directions, threads, None)
    return Filter(basis, centre, step, whole_rows, "")


def _unprojected(some: Rows, why: str) -> Filter:
    unit = np.abs(_native.unit_rows(some.features, some.norms, 1))
    largest = float(np.quantile(unit, 0.9999)) if unit.size else 1.0
    centre = np.zeros(some.features.shape[1], dtype=np.float32)
    return Filter(None, centre, max(largest / 127, 1.001e-3), False, why)


def _candidates(sample: Rows, found: Filter, radius: float, threads: int) -> float:
    """Give the share of the sample's pairs that the short rows leave and no joined ends settle."""
    join = start_join(sample, radius, None, found, threads)
    join.components(None)
    counts = join.counts()
    return (counts["candidates"] - counts["joined"]) / max(1, len(sample) * (len(sample) - 1) // 2)


def start_join(
    rows: Rows,
    radius: float,
    gap: LabelGap | None,
    found: Filter,
    threads: int,
    tick: Any = None,
    among: npt.NDArray[np.int64] | None = None,
) -> _native.RangeJoin:
    """Give the native join of the rows (``among`` some of them), its short rows made."""
    labels, limit = (None, 0.0) if gap is None else (gap.labels, gap.gap)
    return _native.RangeJoin(
        rows.features, rows.norms, radius, labels, limit, among,
        found.basis, found.centre, found.step, found.whole_rows, threads, tick,
    )  # fmt: skip


def _pairs_in_band(count: int, gap: LabelGap | None) -> float:
    if gap is None or count < 2:
        return count * (count - 1) / 2
    ordered = np.sort(gap.labels)
    return float((np.searchsorted(ordered, ordered + gap.gap) - np.arange(1, count + 1)).clip(0).sum())


def _half_of_memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):  # not every system tells
        return 2**62
