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

    unit = _unit(features)
    index = faiss.IndexFlatIP(unit.shape[1])
    index.add(unit)
    i, j = _ranges(index, unit)
    later = j > i  # each pair is found from both ends
    return _join(i[later], j[later], labels)


def faiss_ivf(features: Features, labels: Labels, parameters: npt.NDArray[np.int64]) -> Components:
    """FAISS's inverted lists, training included: parameters are nlist and nprobe, found beforehand."""
    import faiss

    nlist, nprobe = map(int, parameters)
    unit = _unit(features)
    dims, nlist = unit.shape[1], min(nlist, len(unit))  # a warm-up has few rows
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dims), dims, nlist, faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid = 40  # of FAISS's 39 to 256: the least that it does not warn of
    index.train(unit)
    index.add(unit)
    index.nprobe = nprobe
    return _join(*_ranges(index, unit), labels)


def faiss_hnsw(features: Features, labels: Labels, parameters: npt.NDArray[np.int64]) -> Components:
    """FAISS's HNSW graph, building included: parameters are M, efConstruction and efSearch, found beforehand.

    Its range search takes one query at a time and stops at efSearch rows; lists of neighbours, made twice as long until
    they leave the radius, stand in.
    """
    import faiss

    links, construction, search = map(int, parameters)
    unit = _unit(features)
    index = faiss.IndexHNSWFlat(unit.shape[1], links, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = construction
    index.add(unit)
    index.hnsw.efSearch = search
    asked, length, pairs = np.arange(len(unit)), 32, []
    while len(asked):
        scores, found = index.search(unit[asked], length)
        whole = (scores[:, -1] <= 1 - RADIUS) | (length >= len(unit))
        inside = (scores > 1 - RADIUS) & whole[:, None]
        pairs.append((asked[np.nonzero(inside)[0]], found[inside]))
        asked, length = asked[~whole], 2 * length
    i, j = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
    return _join(i, j, labels)


def sklearn_radius_neighbors(features: Features, labels: Labels) -> Components:
    """scikit-learn's radius_neighbors_graph by cosine distance, on all cores."""
    from sklearn.neighbors import radius_neighbors_graph

    graph = radius_neighbors_graph(features, RADIUS, mode="connectivity", metric="cosine", n_jobs=-1).tocoo()
    later = graph.col > graph.row
    return _join(graph.row[later], graph.col[later], labels)


def _unit(features: Features) -> Features:
    import faiss

    unit = np.array(features, dtype=np.float32)
    faiss.normalize_L2(unit)
    return unit


def _ranges(index: Any, unit: Features) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give the pairs (i, j) of a FAISS index's range search, each row with itself among them."""
    offsets, _, j = index.range_search(unit, 1 - RADIUS)
    found: npt.NDArray[np.int64] = np.diff(offsets).astype(np.int64)
    return np.repeat(np.arange(len(unit)), found), j


def _join(i: npt.NDArray[Any], j: npt.NDArray[Any], labels: Labels) -> Components:
    close = np.abs(labels[i] - labels[j]) < GAP
    return connected(i[close], j[close], len(labels))
