"""Confidence intervals for SRCC and PLCC by resampling images, or all images of a reference together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from syndr.errors import InputError
from syndr.evaluation.metrics import plcc, srcc
from syndr.notebook import card

# Resamples are ranked in blocks of about this many values, so that memory does not grow with their number.
_BLOCK = 1 << 22

#: What a confidence interval is wanted of.
Statistic = Literal["srcc", "plcc"]
_STATISTICS: dict[Statistic, Callable[[npt.ArrayLike, npt.ArrayLike], float]] = {"srcc": srcc, "plcc": plcc}


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
    statistic: Statistic = "srcc",
    groups: npt.ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Estimate how far a correlation would move with another draw of images (percentile bootstrap).

    Args:
        predictions: Shape (n,), n >= 3, finite.
        quality: Shape (n,), finite.
        statistic: ``"srcc"``, or ``"plcc"`` of the raw predictions.
        groups: Shape (n,), what belongs together, such as the reference that images were made of: whole groups are
            drawn then, because images of one content err together. None draws single images.
        level: Coverage, in (0, 1).
        resamples: Number of resamples, >= 1.
        seed: Seed of the draw, >= 0; the same seed gives the same interval.

    Returns:
        The interval. Resamples in which either side is constant have no SRCC and are left out; the ends are
        NaN when that leaves none.

    Raises:
        InputError: As :func:`syndr.evaluation.metrics.srcc`, or when another argument is out of range.

    Source: Efron and Tibshirani (1993), chapter 13; Davison and Hinkley (1997), section 3.8, for groups.
    """
    if not 0.0 < level < 1.0:
        raise InputError(f"level must lie strictly between 0 and 1, not {level}")
    if resamples < 1 or seed < 0:
        raise InputError(f"resamples must be >= 1 and seed >= 0, not {resamples} and {seed}")
    if statistic not in _STATISTICS:
        raise InputError(f"statistic must be one of {', '.join(_STATISTICS)}, not {statistic!r}")
    value = _STATISTICS[statistic](predictions, quality)
    x, y = np.asarray(predictions, dtype=np.float64), np.asarray(quality, dtype=np.float64)
    draw = np.random.default_rng(seed)
    parts = []
    for rows in _single(len(x), resamples, draw) if groups is None else _grouped(groups, len(x), resamples, draw):
        one, other = x[rows], y[rows]
        if statistic == "srcc":
            one, other = rankdata(one, axis=1), rankdata(other, axis=1)
        parts.append(_rowwise_pearson(one, other))
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail]) if len(values) else (np.nan, np.nan)
    return Interval(value=value, low=float(low), high=float(high), level=level)


def intervals(
    predictions: npt.ArrayLike, quality: npt.ArrayLike, references: npt.ArrayLike | None = None
) -> dict[str, Any]:
    """Give the 95% intervals of SRCC and PLCC as records hold them.

    Args:
        predictions: Shape (n,), n >= 3, finite.
        quality: Shape (n,), finite.
        references: Shape (n,), the reference of each image, or None for one that has none. Where all have one, whole
            references are drawn.

    Returns:
        ``srcc_interval`` and ``plcc_interval``, each a list of two ends; and ``resampled``, "references" or "images".
    """
    names = [] if references is None else np.asarray(references, dtype=object).tolist()
    whole = None not in names and len(set(names)) > 1
    groups = np.array(names, dtype=str) if whole else None
    ends: dict[str, Any] = {"resampled": "references" if whole else "images"}
    for statistic in _STATISTICS:
        found = bootstrap_interval(predictions, quality, statistic=statistic, groups=groups)
        ends[f"{statistic}_interval"] = [found.low, found.high]
    return ends


def _single(n: int, resamples: int, draw: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    """Give the rows of the resamples, some resamples at a time."""
    block = max(1, _BLOCK // n)
    for start in range(0, resamples, block):
        yield draw.integers(0, n, size=(min(block, resamples - start), n))


def _grouped(
    groups: npt.ArrayLike, n: int, resamples: int, draw: np.random.Generator
) -> Iterator[npt.NDArray[np.int64]]:
    """Give the rows of each resample of whole groups; its length varies with the groups drawn."""
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    if group.shape != (n,):
        raise InputError(f"groups must have one entry for each of {n} images, not shape {group.shape}")
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    for _ in range(resamples):
        yield np.concatenate([members[at] for at in draw.integers(0, len(members), len(members))])[None]


def _rowwise_pearson(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    x = x - x.mean(axis=1, keepdims=True)
    y = y - y.mean(axis=1, keepdims=True)
    norms = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    correlation: npt.NDArray[np.float64] = np.divide(
        (x * y).sum(axis=1), norms, out=np.full(len(x), np.nan), where=norms > 0.0
    )
    return correlation
