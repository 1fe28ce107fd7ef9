"""A confidence interval for SRCC by resampling images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from syndr.errors import InputError
from syndr.evaluation.metrics import srcc
from syndr.notebook import card

# Resamples are ranked in blocks of about this many values, so that memory does not grow with their number.
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Interval:
    """A percentile bootstrap interval.

    Attributes:
        value: The statistic of the whole set.
        low: Lower end.
        high: Upper end.
        level: Nominal coverage, such as 0.95.
    """

    value: float
    low: float
    high: float
    level: float

    def _repr_html_(self) -> str:
        return card(
            f"{self.value:.4f}", {f"{100 * self.level:g}% interval over images": f"{self.low:.4f} to {self.high:.4f}"}
        )


def bootstrap_interval(
    predictions: npt.ArrayLike,
    quality: npt.ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Estimate how far SRCC would move with another draw of images (percentile bootstrap).

    Args:
        predictions: Shape (n,), n >= 3, finite.
        quality: Shape (n,), finite.
        level: Coverage, in (0, 1).
        resamples: Number of resamples, >= 1.
        seed: Seed of the draw, >= 0; the same seed gives the same interval.

    Returns:
        The interval. Resamples in which either side is constant have no SRCC and are left out; the ends are
        NaN when that leaves none.

    Raises:
        InputError: As :func:`syndr.evaluation.metrics.srcc`, or when ``level``, ``resamples`` or ``seed`` is
            out of range.

    Source: Efron and Tibshirani (1993), chapter 13.
    """
    if not 0.0 < level < 1.0:
        raise InputError(f"level must lie strictly between 0 and 1, not {level}")
    if resamples < 1 or seed < 0:
        raise InputError(f"resamples must be >= 1 and seed >= 0, not {resamples} and {seed}")
    value = srcc(predictions, quality)
    x, y = np.asarray(predictions, dtype=np.float64), np.asarray(quality, dtype=np.float64)
    n = len(x)
    draw = np.random.default_rng(seed)
    block = max(1, _BLOCK // n)
    parts = []
    for start in range(0, resamples, block):
        rows = draw.integers(0, n, size=(min(block, resamples - start), n))
        parts.append(_rowwise_pearson(rankdata(x[rows], axis=1), rankdata(y[rows], axis=1)))
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail]) if len(values) else (np.nan, np.nan)
    return Interval(value=value, low=float(low), high=float(high), level=level)


def _rowwise_pearson(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    x = x - x.mean(axis=1, keepdims=True)
    y = y - y.mean(axis=1, keepdims=True)
    norms = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    correlation: npt.NDArray[np.float64] = np.divide(
        (x * y).sum(axis=1), norms, out=np.full(len(x), np.nan), where=norms > 0.0
    )
    return correlation
