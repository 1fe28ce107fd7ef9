"""Comparing two partitions of the same rows, and explaining where they differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from syndr.search import ExactSearch, LabelGap, split_rows

#: How near the radius a pair must lie for float32 to decide it otherwise: tried from the smallest.
_MARGINS = (1e-15, 1e-12, 1e-9, 1e-7, 3e-7, 1e-6, 1e-5, 1e-4)

_TILE = 2048

Partition = npt.NDArray[Any]


def connected(i: npt.NDArray[Any], j: npt.NDArray[Any], rows: int) -> Partition:
    """Give each row's component under the edges (i, j), by SciPy."""
    graph = coo_array((np.ones(len(i), dtype=bool), (i, j)), shape=(rows, rows))
    found: Partition = connected_components(graph, directed=False)[1]
    return found


def rows_apart(exact: Partition, other: Partition) -> int:
    """Count the rows whose cluster in one partition is not, as a set of rows, their cluster in the other."""
    _, a = np.unique(exact, return_inverse=True)
    _, b = np.unique(other, return_inverse=True)
    _, both, together = np.unique(a * (b.max() + 1) + b, return_inverse=True, return_counts=True)
    same = (np.bincount(a)[a] == together[both]) & (np.bincount(b)[b] == together[both])
    return int((~same).sum())


def refines(fine: Partition, coarse: Partition) -> bool:
    """Whether every cluster of ``fine`` lies inside one cluster of ``coarse``."""
    pairs = np.unique(np.stack([fine, coarse]), axis=1)
    return bool(len(np.unique(pairs[0])) == pairs.shape[1])


def brute_force(
    features: npt.NDArray[Any], labels: npt.NDArray[np.float64], radius: float, gap: float
) -> Partition:  # fmt: skip
    """Give the components of all pairs as float64 decides them, without any search of ours.

    BLAS makes the products of unit rows in float32. Its error is below dims * 2^-23, since no partial sum of such rows
    is above 1; pairs that lie within it of the radius are decided by their float64 products.
    """
    unit = features.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    short, bound = unit.astype(np.float32), 1 - radius
    margin = features.shape[1] * 2.0**-23
    order = np.argsort(labels, kind="stable")  # rows too far apart in label need no product
    found = np.arange(len(unit))
    tiles = [order[start : start + _TILE] for start in range(0, len(unit), _TILE)]
    for number, a in enumerate(tiles):
        for b in (tile for tile in tiles[number:] if labels[tile[0]] - labels[a[-1]] < gap):
            products = short[a] @ short[b].T
            i, j = np.nonzero(products > bound - margin)
            near = np.abs(labels[a[i]] - labels[b[j]]) < gap
            unsure = near & (products[i, j] < bound + margin)
            near[unsure] = np.einsum("ij,ij->i", unit[a[i[unsure]]], unit[b[j[unsure]]]) > bound
            i, j = found[a[i[near]]], found[b[j[near]]]
            found = connected(i, j, len(unit))[found]
    return found


def difference(
    features: npt.NDArray[Any], labels: npt.NDArray[np.float64], exact: Partition, other: Partition, radius: float,
    gap: float,
) -> dict[str, Any]:  # fmt: skip
    """Count how a partition differs from the exact one, and find the smallest margin that explains it.

    A margin explains a difference when the partition lies between those of all edges surely inside it (distance <
    radius - margin) and of all edges possibly inside it (distance < radius + margin).

    Returns:
        ``rows_apart``; and where that is not 0, ``explained_by``, the margin (None when none does), and
        ``pairs_within``, the number of pairs that lie that near the radius.
    """
    apart = rows_apart(exact, other)
    if apart == 0:
        return {"rows_apart": 0}
    rows, _ = split_rows(features, "X", "raise")
    pairs = ExactSearch().pairs(rows, radius + _MARGINS[-1], LabelGap(labels, gap))
    for margin in _MARGINS:
        sure, possible = pairs.distance < radius - margin, pairs.distance < radius + margin
        least = connected(pairs.i[sure], pairs.j[sure], len(labels))
        most = connected(pairs.i[possible], pairs.j[possible], len(labels))
        if refines(least, other) and refines(other, most):
            return {"rows_apart": apart, "explained_by": margin, "pairs_within": int((possible & ~sure).sum())}
    return {"rows_apart": apart, "explained_by": None, "pairs_within": 0}
