"""The peers of DRCDown: each gives the connected components of the same rule, by its own means.

Every function takes features (rows, dims) float32 and labels (rows,) and gives each row's component; normalizing and
building an index are part of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import pdist

from benchmarks.partitions import connected

RADIUS, GAP = 0.1, 1.0

Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.float64]
Components = npt.NDArray[Any]


def scipy_pdist(features: Features, labels: Labels) -> Components:
    """The released code's step: all distances at once in float64."""
    rows = len(labels)
    near = np.flatnonzero(pdist(features, "cosine") < RADIUS)
    # pdist lists the pairs row by row; starts[i] is where row i's begin.
    starts = np.cumsum(np.concatenate([[0], np.arange(rows - 1, 0, -1)]))
    i = np.searchsorted(starts, near, side="right") - 1
    j = near - starts[i] + i + 1
    return _join(i, j, labels)


def faiss_range_search(features: Features, labels: Labels) -> Components:
    """FAISS's exact flat index over unit rows, all pairs at once."""
    import faiss

    unit = np.array(features, dtype=np.float32)
    faiss.normalize_L2(unit)
    index = faiss.IndexFlatIP(unit.shape[1])
    index.add(unit)
    offsets, _, j = index.range_search(unit, 1 - RADIUS)
    found: npt.NDArray[np.int64] = np.diff(offsets).astype(np.int64)
    i = np.repeat(np.arange(len(unit)), found)
    later = j > i  # each pair is found from both ends
    return _join(i[later], j[later], labels)


def sklearn_radius_neighbors(features: Features, labels: Labels) -> Components:
    """scikit-learn's radius_neighbors_graph by cosine distance, on all cores."""
    from sklearn.neighbors import radius_neighbors_graph

    graph = radius_neighbors_graph(features, RADIUS, mode="connectivity", metric="cosine", n_jobs=-1).tocoo()
    later = graph.col > graph.row
    return _join(graph.row[later], graph.col[later], labels)


def _join(i: npt.NDArray[Any], j: npt.NDArray[Any], labels: Labels) -> Components:
    close = np.abs(labels[i] - labels[j]) < GAP
    return connected(i[close], j[close], len(labels))
