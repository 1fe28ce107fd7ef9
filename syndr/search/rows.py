"""Feature rows as every backend takes them: checked, with their norms, without a copy where there need be none."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.errors import BadRowsError, InputError
from syndr.threads import default_threads

#: How bfloat16 is held, for which NumPy has no type: two bytes that only the native core looks into.
BFLOAT16 = np.dtype("V2")

OnBadRows = Literal["raise", "set_aside"]


def as_matrix(X: Any, name: str = "X") -> npt.NDArray[Any]:
    """View features as a two-dimensional NumPy array.

    Args:
        X: (rows, dims) NumPy array, memory map or torch tensor of float16, bfloat16 (a tensor, or an
            array of ml_dtypes), float32 or float64, any strides: taken without a copy (a tensor on a device is brought
            to the host). Other number types, foreign byte order and nested lists are copied to float64.
        name: What to call it in an error.

    Returns:
        A view of shape (rows, dims), float16, float32 or float64, or :data:`BFLOAT16`.

    Raises:
        InputError: When ``X`` is not a matrix of numbers or has no columns.
    """
    # A tensor can only come from someone who has imported torch.
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(X, torch.Tensor):
        tensor = X.detach().cpu()
        X = tensor.view(torch.int16).numpy().view(BFLOAT16) if tensor.dtype == torch.bfloat16 else tensor.numpy()
    try:
        array = np.asarray(X)
    except ValueError as error:
        raise InputError(f"{name} is not a matrix: {error}") from error
    if array.ndim != 2 or array.shape[1] == 0:
        raise InputError(f"{name} must have shape (rows, dims) with dims > 0, not {array.shape}")
    if array.dtype.name == "bfloat16":  # of ml_dtypes
        array = array.view(BFLOAT16)
    if array.dtype == BFLOAT16:
        return array
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} must hold real numbers, not {array.dtype}")
    if array.dtype.kind != "f" or array.dtype.itemsize not in (2, 4, 8):
        return array.astype(np.float64)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


@dataclass(frozen=True)
class Rows:
    """Feature rows that all have a direction.

    Attributes:
        features: (rows, dims) float16, float32, float64 or :data:`BFLOAT16`.
        norms: (rows,) float64 squared Euclidean norms, by the native core's fixed summation order.
    """

    features: npt.NDArray[Any]
    norms: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: npt.NDArray[np.int64]) -> Rows:
        """Give some of the rows (copied)."""
        return Rows(self.features[rows], self.norms[rows])


def split_rows(X: Any, name: str, on_bad_rows: OnBadRows, ids: Sequence[str] | None = None) -> tuple[Rows, Any]:
    """Check every row and give those that have a direction.

    Args:
        X: Features, as :func:`as_matrix` takes them.
        name: What to call them in an error.
        on_bad_rows: ``"raise"``, or ``"set_aside"`` to leave out rows of zero norm, with NaN or infinity, or with
            a norm outside 1e-140..1e140 (whose squares leave float64).
        ids: What to call the rows in an error; row numbers when None.

    Returns:
        The good rows, and their (good,) int64 positions in ``X``.

    Raises:
        BadRowsError: For ``"raise"`` and a bad row; names the count and the first ten.
    """
    check_policy(on_bad_rows)
    features = as_matrix(X, name)
    norms = _native.squared_norms(features, default_threads(), None)
    positions = good_positions(norms, name, on_bad_rows, ids)
    if len(positions) == len(features):
        return Rows(features, norms), positions
    return Rows(features[positions], norms[positions]), positions


def check_policy(on_bad_rows: str) -> None:
    """Raise InputError unless this says what to do with bad rows."""
    if on_bad_rows not in ("raise", "set_aside"):
        raise InputError(f'on_bad_rows must be "raise" or "set_aside", not {on_bad_rows!r}')


def good_positions(
    norms: npt.NDArray[np.float64], name: str, on_bad_rows: OnBadRows, ids: Sequence[str] | None = None
) -> npt.NDArray[np.int64]:
    """Give the positions of rows with a usable squared norm; raises BadRowsError for ``"raise"`` and a bad row."""
    good = (norms >= _native.SMALLEST_SQUARED_NORM) & (norms <= _native.LARGEST_SQUARED_NORM)
    bad = np.flatnonzero(~good)
    if len(bad) and on_bad_rows == "raise":
        named = ", ".join(f"{ids[row] if ids is not None else row} ({_fault(norms[row])})" for row in bad[:10])
        raise BadRowsError(
            f"{name}: {len(bad)} of {len(norms)} rows have no usable direction, first: {named}; "
            'remove them or pass on_bad_rows="set_aside"'
        )
    return np.flatnonzero(good)


def _fault(norm: float) -> str:
    if norm == 0:
        return "zero norm"
    return "norm outside 1e-140..1e140" if np.isfinite(norm) else "NaN, infinity or norm over 1e140"


def check_same_dims(first: Rows, second: Rows, names: str) -> None:
    """Raise InputError unless both have the same number of columns."""
    if first.features.shape[1] != second.features.shape[1]:
        raise InputError(
            f"{names} have {first.features.shape[1]} and {second.features.shape[1]} dims; "
            "they must come from the same backbone"
        )


def check_labels(labels: Any, rows: int, name: str = "y") -> npt.NDArray[np.float64]:
    """Give labels as (rows,) float64; raises InputError for another length or a value that is not finite."""
    try:
        values = np.ascontiguousarray(labels, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must hold numbers: {error}") from error
    if values.shape != (rows,):
        raise InputError(f"{name} must have one entry for each of the {rows} rows, not shape {values.shape}")
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise InputError(f"{name}: {len(wrong)} labels are NaN or infinite, first rows {wrong[:10].tolist()}")
    return values


def check_groups(groups: Any, rows: int, name: str) -> npt.NDArray[np.int64]:
    """Give group numbers as (rows,) int64; raises InputError for another length or for anything but integers."""
    values = np.asarray(groups)
    if values.shape != (rows,):
        raise InputError(f"{name} must have one entry for each of the {rows} rows, not shape {values.shape}")
    if values.dtype.kind not in "iub" and rows:
        raise InputError(f"{name} must be integers, not {values.dtype}")
    return np.ascontiguousarray(values, dtype=np.int64)


def check_ids(ids: Any, rows: int, name: str = "ids") -> list[str]:
    """Give ids as strings; row numbers when None. Raises InputError for another length or repeated ids."""
    if ids is None:
        return [str(row) for row in range(rows)]
    texts = [str(entry) for entry in ids]
    if len(texts) != rows:
        raise InputError(f"{name} must have one entry for each of the {rows} rows, not {len(texts)}")
    if len(set(texts)) != rows:
        seen: set[str] = set()
        repeated = [text for text in texts if text in seen or seen.add(text)]  # type: ignore[func-returns-value]
        raise InputError(f"{name} must be unique; {len(repeated)} occur again, first {repeated[:5]}")
    return texts
