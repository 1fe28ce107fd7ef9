"""Connected components of pairs that come block by block, without holding them all."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Longs = npt.NDArray[np.int64]

_EDGES = 1 << 20  # pairs gathered, at least, before they are joined


def components(rows: int, blocks: Iterable[tuple[Longs, Longs]]) -> Longs:
    """Join pairs.

    Args:
        rows: Number of rows.
        blocks: Pairs (i, j) of rows, any order, repeats allowed.

    Returns:
        (rows,) int64 component of each row, numbered by first member.
    """
    labels: Longs = np.arange(rows)
    waiting: list[tuple[Longs, Longs]] = []
    gathered = 0
    for block in blocks:
        waiting.append(block)
        gathered += len(block[0])
        if gathered >= max(_EDGES, rows):
            labels, waiting, gathered = _joined(labels, waiting), [], 0
    return _joined(labels, waiting)


def _joined(labels: Longs, blocks: list[tuple[Longs, Longs]]) -> Longs:
    """Join components along pairs of rows; number the new ones by first member."""
    if not blocks or not len(labels):  # scipy has no graph without nodes
        return labels
    i, j = (np.concatenate(ends) for ends in zip(*blocks, strict=True))
    graph = coo_array((np.ones(len(i), dtype=bool), (labels[i], labels[j])), shape=(len(labels), len(labels)))
    _, joined = connected_components(graph, directed=False)
    _, first, inverse = np.unique(joined[labels], return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)
