"""Cosine distances, pairs within a radius and their components, written out naively in float64."""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

#: Where the distance is this close to the radius, either answer passes (DESIGN, "Distance").
AMBIGUOUS = 1e-14


def distance(a, b):
    """1 - cosine of two rows, sums correctly rounded whatever their order."""
    a, b = ([float(value) for value in row] for row in (a, b))
    dot, aa, bb = (math.fsum(x * y for x, y in zip(p, q, strict=True)) for p, q in ((a, b), (a, a), (b, b)))
    return 1 - dot / (math.sqrt(aa) * math.sqrt(bb))


def exact_matrix(a, b=None):
    """Distances by `distance`, pair by pair: for small inputs with ties, which a matrix product would break."""
    b = a if b is None else b
    return np.array([[distance(x, y) for y in b] for x in a]).reshape(len(a), len(b))


def matrix(a, b=None):
    """Distances by one float64 matrix product."""
    a = np.asarray(a, dtype=np.float64)
    b = a if b is None else np.asarray(b, dtype=np.float64)
    lengths = np.outer(np.sqrt((a * a).sum(axis=1)), np.sqrt((b * b).sum(axis=1)))
    return 1 - (a @ b.T) / lengths


def pairs(distances, radius, labels=None, gap=None):
    """All (i, j), i < j, with distance < radius and label gap < gap, as a set."""
    joined = distances < radius
    if labels is not None:
        labels = np.asarray(labels, dtype=np.float64)
        joined = joined & (np.abs(labels[:, None] - labels[None, :]) < gap)
    return {(int(i), int(j)) for i, j in zip(*np.nonzero(joined), strict=True) if i < j}


def components(count, edges):
    """Component of each row, numbered by first member."""
    i, j = np.array(sorted(edges), dtype=np.int64).reshape(-1, 2).T
    found, labels = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(count, count)), directed=False)
    number = {}
    numbered = np.array([number.setdefault(label, len(number)) for label in labels.tolist()], dtype=np.int64)
    assert len(number) == found
    return numbered


def partition(labels):
    """The sets of rows with equal labels, whatever the labels are called."""
    groups = {}
    for row, label in enumerate(labels):
        groups.setdefault(int(label), set()).add(row)
    return {frozenset(group) for group in groups.values()}
