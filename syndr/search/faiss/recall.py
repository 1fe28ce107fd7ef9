"""How much of the truth a search found, estimated on a sample of rows that are also compared with every other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.search.faiss.index import margin, unit_rows
from syndr.search.protocol import LabelGap
from syndr.search.rows import Rows
from syndr.threads import default_threads

Longs = npt.NDArray[np.int64]

_Z = 1.959964  # two-sided 95% of the normal distribution
_BLOCK = 4096  # rows compared with the sample at once


@dataclass(frozen=True)
class Recall:
    """Share of the true pairs that were found.

    Attributes:
        estimate: In 0-1; None when the sampled rows have no true pair, so that nothing can be said.
        low: Lower end of the 95% confidence interval.
        high: Upper end.
        rows: Number of rows sampled.
        pairs: Number of their true pairs.
    """

    estimate: float | None
    low: float
    high: float
    rows: int
    pairs: int

    def __str__(self) -> str:
        if self.estimate is None:
            return f"unknown: the {self.rows:,} rows sampled have no true pair"
        return (
            f"{self.estimate:.4f} (95% interval {self.low:.4f} to {self.high:.4f}; "
            f"{self.pairs:,} true pairs of {self.rows:,} sampled rows)"
        )


def estimate(found: Longs, true: Longs, population: int) -> Recall:
    """Estimate the recall of a run from a sample of its rows.

    The pairs of one row are found or missed together, so the rows are the units: the estimate is the ratio estimator
    for cluster samples (Cochran, Sampling Techniques, section 6), the interval Wilson's with the number of independent
    trials that the ratio's variance amounts to, never more than there are rows with a pair. Nothing missed therefore
    gives no interval of zero width, unless every row was sampled.

    Args:
        found: (rows,) true pairs of each sampled row that were found.
        true: (rows,) true pairs of each sampled row.
        population: Number of rows sampled from.

    Returns:
        The :class:`Recall`.
    """
    rows, pairs = len(true), int(true.sum())
    if pairs == 0:
        return Recall(None, 0.0, 1.0, rows, 0)
    ratio = float(found.sum()) / pairs
    if rows == population:
        return Recall(ratio, ratio, ratio, rows, pairs)
    variance = rows / max(rows - 1, 1) * float(((found - ratio * true) ** 2).sum()) / pairs**2
    trials = float((true > 0).sum())
    if variance > 0:
        trials = min(trials, ratio * (1 - ratio) / variance)
    trials /= 1 - rows / population
    centre = (ratio + _Z**2 / (2 * trials)) / (1 + _Z**2 / trials)
    half = _Z / (1 + _Z**2 / trials) * math.sqrt(ratio * (1 - ratio) / trials + _Z**2 / (4 * trials**2))
    # Rounding must not put the estimate outside its interval.
    return Recall(ratio, max(0.0, min(ratio, centre - half)), min(1.0, max(ratio, centre + half)), rows, pairs)


class PairSample:
    """Some rows with all their true pairs, and which of these a run has found: two bytes per pair of rows and sample.

    Args:
        rows: The rows searched.
        radius: Cosine distance, exclusive.
        gap: The label condition.
        count: Most rows to draw.
        seed: Of the draw, any integers.

    Attributes:
        sampled: (sampled,) ascending row numbers.
        true: (sampled, rows) bool, whether a row and a sampled one are a true pair.
    """

    def __init__(self, rows: Rows, radius: float, gap: LabelGap | None, count: int, seed: tuple[int, ...]) -> None:
        total = len(rows)
        self.sampled: Longs = draw(total, count, seed)
        self.true = np.zeros((len(self.sampled), total), dtype=bool)
        self._seen = np.zeros_like(self.true)
        self._place = np.full(total, -1, dtype=np.int64)
        self._place[self.sampled] = np.arange(len(self.sampled))
        sample, bar = unit_rows(rows, self.sampled), 1 - radius - margin(rows.features.shape[1])
        for start in range(0, total, _BLOCK):
            block = np.arange(start, min(start + _BLOCK, total))
            near = sample @ unit_rows(rows, block).T > bar
            if gap is not None:
                near &= np.abs(gap.labels[self.sampled, None] - gap.labels[block]) < gap.gap
            place, other = np.nonzero(near)
            i, j = self.sampled[place], block[other]
            different = i != j
            place, i, j = place[different], i[different], j[different]
            low, high = np.minimum(i, j), np.maximum(i, j)
            distance = _native.pair_distances(
                rows.features, rows.norms, rows.features, rows.norms, low, high, default_threads()
            )
            self.true[place, j] = distance < radius

    def note(self, i: Longs, j: Longs) -> None:
        """Take note of pairs that a run has found, from whichever end."""
        for ends, others in ((i, j), (j, i)):
            place = self._place[ends]
            self._seen[place[place >= 0], others[place >= 0]] = True

    def recall(self) -> Recall:
        """Estimate the run's recall."""
        return estimate((self._seen & self.true).sum(axis=1), self.true.sum(axis=1), self.true.shape[1])


def draw(total: int, count: int, seed: tuple[int, ...]) -> Longs:
    """Draw at most ``count`` of ``total`` row numbers, ascending."""
    return np.sort(np.random.default_rng(seed).choice(total, min(count, total), replace=False))
