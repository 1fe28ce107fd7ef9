"""The 4-parameter logistic that maps predictions onto the scale of the opinion scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from syndr.errors import InputError

#: Fewest points at which a curve of four parameters is more than an interpolation.
MIN_POINTS = 5

# In standard deviations of the predictions: how far outside them the midpoint may lie, and the logarithm of
# the width. Data that an exponential, a straight line or a step fits best would drive these to infinity.
_MARGIN = 5.0
_LOG_WIDTH = (-7.0, 7.0)
_GRID = 13
_MAX_ITERATIONS = 2000


@dataclass(frozen=True)
class Logistic:
    """``(b1 - b2) / (1 + exp(-(x - b3) / |b4|)) + b2``: rises from b2 to b1, or falls when b1 < b2."""

    b1: float
    b2: float
    b3: float
    b4: float

    def __call__(self, predictions: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Map predictions of any shape."""
        x = np.asarray(predictions, dtype=np.float64)
        mapped: npt.NDArray[np.float64] = (self.b1 - self.b2) * expit((x - self.b3) / abs(self.b4)) + self.b2
        return mapped

    @property
    def rises(self) -> bool:
        """Whether a larger prediction means a larger mapped score."""
        return self.b1 >= self.b2


def fit_logistic(predictions: npt.NDArray[np.float64], quality: npt.NDArray[np.float64]) -> Logistic:
    """Fit the curve to the test scores themselves by least squares, as is the custom (VQEG).

    Args:
        predictions: Shape (n,), float64, finite, not all equal.
        quality: Shape (n,), float64, finite, not all equal.

    Returns:
        The fitted curve, in the units of both arguments.

    Raises:
        InputError: When there are fewer than five points, either argument is constant (to rounding), or the fit does
            not converge.
    """
    if len(predictions) < MIN_POINTS:
        raise InputError(f"a 4-parameter logistic needs at least {MIN_POINTS} points, not {len(predictions)}")
    # In standard units one grid of starting values serves predictions on any scale.
    x_center, x_scale = _standard_units(predictions, "predictions")
    y_center, y_scale = _standard_units(quality, "quality")
    x = (predictions - x_center) / x_scale
    y = (quality - y_center) / y_scale

    def unexplained(shape: npt.NDArray[np.float64]) -> float:
        sigmoid = _centered_sigmoid(x, shape)
        return float(np.mean((_slope(sigmoid, y) * sigmoid - y) ** 2))

    # b1 and b2 are linear, so least squares gives them for each midpoint and width: the search has only two
    # dimensions, and a grid finds the basin where four-dimensional fits wander off.
    low = np.array([x.min() - _MARGIN, _LOG_WIDTH[0]])
    high = np.array([x.max() + _MARGIN, _LOG_WIDTH[1]])
    inner = [np.linspace(start, end, _GRID + 2)[1:-1] for start, end in zip(low, high, strict=True)]
    shapes = np.stack(np.meshgrid(*inner, indexing="ij"), axis=-1).reshape(-1, 2)
    fit = minimize(
        unexplained,
        min(shapes, key=unexplained),
        method="Nelder-Mead",
        bounds=list(zip(low, high, strict=True)),
        options={"xatol": 1e-8, "fatol": 1e-14, "maxiter": _MAX_ITERATIONS},
    )
    if not fit.success:
        raise InputError(f"the 4-parameter logistic fit did not converge: {fit.message}")
    midpoint, log_width = (float(value) for value in fit.x)
    height = _slope(_centered_sigmoid(x, fit.x), y)
    b2 = -height * float(expit((x - midpoint) * np.exp(-log_width)).mean())
    return Logistic(
        b1=(b2 + height) * y_scale + y_center,
        b2=b2 * y_scale + y_center,
        b3=midpoint * x_scale + x_center,
        b4=float(np.exp(log_width)) * x_scale,
    )


def _centered_sigmoid(x: npt.NDArray[np.float64], shape: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    midpoint, log_width = shape
    sigmoid: npt.NDArray[np.float64] = expit((x - midpoint) * np.exp(-log_width))
    centered: npt.NDArray[np.float64] = sigmoid - sigmoid.mean()
    return centered


def _slope(sigmoid: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    energy = float(sigmoid @ sigmoid)
    return float(sigmoid @ y) / energy if energy > 0.0 else 0.0


def _standard_units(values: npt.NDArray[np.float64], name: str) -> tuple[float, float]:
    center, scale = float(values.mean()), float(values.std())
    if np.ptp(values) == 0.0 or scale == 0.0:
        raise InputError(f"the 4-parameter logistic cannot be fitted: {name} are all equal or nearly so")
    return center, scale
