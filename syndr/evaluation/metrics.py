"""How well predictions agree with opinion scores: SRCC, KRCC, PLCC (raw and after a logistic) and RMSE."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from syndr.errors import InputError
from syndr.evaluation.logistic import fit_logistic
from syndr.notebook import card

#: Fewest images for which a correlation is given.
MIN_IMAGES = 3


@dataclass(frozen=True)
class Metrics:
    """Agreement of predictions with quality over one set of images.

    A number that does not exist for these data (a correlation with a constant, a fit that fails) is NaN, and
    ``notes`` says why.

    Attributes:
        n: Number of images.
        srcc: Spearman's rank correlation, ties by average rank.
        krcc: Kendall's tau-b.
        plcc: Pearson's correlation of the raw predictions.
        plcc_logistic: Pearson's correlation after the 4-parameter logistic fitted to these very data. Negative
            when the fitted curve falls: the usual absolute value would hide a wrong direction.
        rmse: Root mean squared error of the raw predictions, in units of quality.
        rmse_logistic: The same after the logistic.
        notes: What the reader of these numbers must know.
    """

    n: int
    srcc: float
    krcc: float
    plcc: float
    plcc_logistic: float
    rmse: float
    rmse_logistic: float
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        names = {"SRCC": self.srcc, "KRCC": self.krcc, "PLCC": self.plcc, "PLCC, logistic": self.plcc_logistic}
        errors = {"RMSE": self.rmse, "RMSE, logistic": self.rmse_logistic}
        return card(f"Agreement over {self.n:,} images", {**names, **errors, "notes": "; ".join(self.notes) or None})


def srcc(predictions: npt.ArrayLike, quality: npt.ArrayLike) -> float:
    """Spearman's rank correlation; NaN when either argument is constant.

    Args:
        predictions: Shape (n,), n >= 3, finite.
        quality: Shape (n,), finite.

    Raises:
        InputError: When shapes differ, there are fewer than 3 values, or a value is NaN or infinite.
    """
    x, y = _checked(predictions, quality)
    return float("nan") if _constant(x, y) else float(stats.spearmanr(x, y)[0])


def krcc(predictions: npt.ArrayLike, quality: npt.ArrayLike) -> float:
    """Kendall's tau-b; arguments, NaN and errors as :func:`srcc`."""
    x, y = _checked(predictions, quality)
    return float("nan") if _constant(x, y) else float(stats.kendalltau(x, y)[0])


def plcc(predictions: npt.ArrayLike, quality: npt.ArrayLike) -> float:
    """Pearson's correlation of the raw predictions; arguments, NaN and errors as :func:`srcc`."""
    x, y = _checked(predictions, quality)
    return float("nan") if _constant(x, y) else _pearson(x, y)


def rmse(predictions: npt.ArrayLike, quality: npt.ArrayLike) -> float:
    """Root mean squared error in units of quality; arguments and errors as :func:`srcc`."""
    x, y = _checked(predictions, quality)
    return _rmse(x, y)


def measure(predictions: npt.ArrayLike, quality: npt.ArrayLike) -> Metrics:
    """Compute every metric at once, with a note for each number that does not exist.

    Args:
        predictions: Shape (n,), n >= 3, finite, any scale; higher is better.
        quality: Shape (n,), finite; higher is better.

    Returns:
        The metrics; never an exception for constant, tied or reversed input.

    Raises:
        InputError: When shapes differ, there are fewer than 3 values, or a value is NaN or infinite.
    """
    x, y = _checked(predictions, quality)
    notes = [
        f"all {name} are equal ({float(values[0]):g}): correlations do not exist"
        for name, values in (("predictions", x), ("quality labels", y))
        if _is_constant(values)
    ]
    after = {"plcc_logistic": float("nan"), "rmse_logistic": float("nan")}
    if not notes:
        try:
            curve = fit_logistic(x, y)
        except InputError as error:
            notes.append(f"no logistic fit: {error}")
        else:
            mapped = curve(x)
            if not curve.rises:
                notes.append("the fitted logistic falls: predictions run against quality")
            if _is_constant(mapped):
                notes.append("the fitted logistic is flat: predictions say nothing about quality")
            else:
                # The fit makes the mapped scores follow quality, so the sign must come from the curve.
                after["plcc_logistic"] = _pearson(mapped, y) * (1.0 if curve.rises else -1.0)
            after["rmse_logistic"] = _rmse(mapped, y)
    return Metrics(
        n=len(x), srcc=srcc(x, y), krcc=krcc(x, y), plcc=plcc(x, y), rmse=_rmse(x, y), notes=tuple(notes), **after
    )


def _checked(
    predictions: npt.ArrayLike, quality: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    x = np.asarray(predictions, dtype=np.float64)
    y = np.asarray(quality, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise InputError(f"predictions and quality must be two lists of one length; shapes {x.shape} and {y.shape}")
    if len(x) < MIN_IMAGES:
        raise InputError(f"a correlation needs at least {MIN_IMAGES} images, not {len(x)}")
    for name, values in (("predictions", x), ("quality", y)):
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise InputError(
                f"{name}: {len(bad)} values are NaN or infinite, first rows {bad[:10].tolist()}; "
                "leave out pictures without a label and those that prediction set aside"
            )
    return x, y


def _is_constant(values: npt.NDArray[np.float64]) -> bool:
    return bool(np.ptp(values) == 0.0)


def _constant(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> bool:
    return _is_constant(x) or _is_constant(y)


def _pearson(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    return float(stats.pearsonr(x, y)[0])


def _rmse(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean((x - y) ** 2)))
