"""Features in the plane: UMAP where it is installed, else principal components, and which of the two it was."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy.linalg

from syndr.errors import InputError, require
from syndr.search import as_matrix

Method = Literal["auto", "umap", "pca"]

#: UMAP needs neighbours to speak of; fewer points are shown by their principal components.
FEWEST_FOR_UMAP = 20
_NEIGHBOURS, _MIN_DIST = 15, 0.1


@dataclass(frozen=True, eq=False)
class Projection:
    """Places in the plane.

    Attributes:
        xy: (rows, 2) float64.
        method: ``"UMAP"`` or ``"PCA"``.
        note: What the reader must know of it: the settings, or why it is not UMAP.
    """

    xy: npt.NDArray[np.float64]
    method: Literal["UMAP", "PCA"]
    note: str


def project(features: Any, method: Method = "auto", seed: int = 0) -> Projection:
    """Place features in the plane so that what is near by cosine distance stays near.

    Args:
        features: (rows, dims), finite rows with a direction, as :func:`syndr.search.as_matrix` takes them.
        method: ``"umap"``; ``"pca"``, the two leading principal components of the unit rows; or ``"auto"``: UMAP where
            umap-learn is installed and there are at least ``FEWEST_FOR_UMAP`` rows, else PCA, and the note says why.
        seed: Seed of UMAP; the same seed gives the same places on the same machine.

    Returns:
        The :class:`Projection`.

    Raises:
        InputError: For no rows, a row without a direction, another method, or too few rows for ``"umap"``.
        MissingExtraError: For ``"umap"`` without umap-learn.

    Source: McInnes, Healy and Melville (2018), as in the paper's figures 1, 3 and 5.
    """
    if method not in ("auto", "umap", "pca"):
        raise InputError(f'method must be "auto", "umap" or "pca", not {method!r}')
    unit = _unit_rows(features)
    enough = len(unit) >= FEWEST_FOR_UMAP
    if method == "umap" and not enough:
        raise InputError(f"UMAP needs at least {FEWEST_FOR_UMAP} rows, not {len(unit)}; use PCA")
    if method == "umap" or (method == "auto" and enough and find_spec("umap") is not None):
        note = f"UMAP (cosine, {_NEIGHBOURS} neighbours, minimal distance {_MIN_DIST:g}, seed {seed})"
        return Projection(_umap(unit, seed), "UMAP", note)
    xy, explained = _principal(unit)
    why = ""
    if method == "auto":
        why = (
            ", because umap-learn is not installed (pip install 'syndr[umap]')"
            if enough
            else f", because {len(unit)} points are too few for UMAP"
        )
    return Projection(xy, "PCA", f"PCA, not UMAP{why}: two components with {100 * explained:.0f}% of the variance")


def _unit_rows(features: Any) -> npt.NDArray[np.float32]:
    rows = as_matrix(features, "features").astype(np.float32)
    if len(rows) == 0:
        raise InputError("features has no rows: there is nothing to place")
    norms = np.linalg.norm(rows.astype(np.float64), axis=1)
    bad = np.flatnonzero(~(np.isfinite(norms) & (norms > 0)))
    if len(bad):
        raise InputError(f"features: {len(bad)} rows have no direction, first rows {bad[:5].tolist()}")
    return (rows / norms[:, None]).astype(np.float32)


def _umap(unit: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.float64]:
    umap = require("umap", "umap")
    with warnings.catch_warnings(), _torch_s_threads_as_they_were():
        warnings.simplefilter("ignore")  # that a seed costs threads is known, and wanted
        reducer = umap.UMAP(n_neighbors=_NEIGHBOURS, min_dist=_MIN_DIST, metric="cosine", random_state=seed, n_jobs=1)
        return np.asarray(reducer.fit_transform(unit), dtype=np.float64)


@contextmanager
def _torch_s_threads_as_they_were() -> Iterator[None]:
    """Numba, which UMAP uses, sets the number that torch goes by as well when it begins its threads."""
    torch = sys.modules.get("torch")
    before = None if torch is None else torch.get_num_threads()
    try:
        yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)


def _principal(unit: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], float]:
    """Give the scores on the two leading components, and their share of the variance."""
    rows = unit.astype(np.float64) - unit.mean(axis=0, dtype=np.float64)
    count, dims = rows.shape
    total = float((rows * rows).sum())
    if total == 0.0 or count == 1:
        return np.zeros((count, 2)), 1.0
    wide = dims > count
    product = rows @ rows.T if wide else rows.T @ rows  # the smaller of the two has the same spectrum
    last = len(product) - 1
    values, vectors = scipy.linalg.eigh(product, subset_by_index=[max(0, last - 1), last])
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    scores = vectors * np.sqrt(values) if wide else rows @ vectors
    if scores.shape[1] == 1:
        scores = np.column_stack([scores, np.zeros(count)])
    peaks = scores[np.abs(scores).argmax(axis=0), [0, 1]]
    return scores * np.where(peaks < 0, -1.0, 1.0), float(values.sum() / total)
