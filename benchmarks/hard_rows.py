"""Rows that are hard on the exact search, and the plain scan that it must not fall behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.joins import RADIUS

DIMS = 2048
Floats = npt.NDArray[np.float32]

_TILE = 2048


def identical(rows: int) -> Floats:
    """One row, again and again."""
    return np.tile(_normal(1, 0), (rows, 1))


def one_chain(rows: int) -> Floats:
    """Each row within the radius of the next, and far from those after, through planes that turn all the time."""
    step = np.arccos(1 - 0.9 * RADIUS)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(DIMS, 64)))
    angles = np.outer(np.arange(rows) * step, np.linspace(0.2, 1.8, 32) / np.sqrt(1.1733))
    circles = np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(rows, 64)
    return np.ascontiguousarray((circles @ turn.T).astype(np.float32))


def ten_clusters(rows: int) -> Floats:
    """Ten tight clusters in random order."""
    numbers = np.random.default_rng(2).integers(10, size=rows)
    return _normal(10, 3)[numbers] + np.float32(0.1) * _normal(rows, 4)


def flat_spectrum(rows: int) -> Floats:
    """Random directions: no few dims stand for the others."""
    return _normal(rows, 5)


def _normal(rows: int, seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((rows, DIMS), dtype=np.float32)


HARD: dict[str, Callable[[int], Floats]] = {
    "identical rows": identical,
    "one chain": one_chain,
    "ten clusters": ten_clusters,
    "a flat spectrum": flat_spectrum,
}


def full_product(features: Any) -> Any:
    """All products by BLAS, a tile at a time, joined tile by tile: memory stays bounded, whatever the rows."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    found = np.arange(len(unit))
    for a in range(0, len(unit), _TILE):
        for b in range(a, len(unit), _TILE):
            i, j = np.nonzero(unit[a : a + _TILE] @ unit[b : b + _TILE].T > 1 - RADIUS)
            i, j = found[a + i], found[b + j]
            new = i != j
            if new.any():
                graph = coo_array((np.ones(int(new.sum()), bool), (i[new], j[new])), shape=(len(unit), len(unit)))
                found = connected_components(graph, directed=False)[1][found]
    return found
