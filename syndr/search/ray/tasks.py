"""What a worker does, on one thread: plain functions of arrays, which Ray runs again elsewhere if the worker dies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.search.filters import Filter
from syndr.search.ray.placement import MappedRows, opened

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Features = MappedRows | npt.NDArray[Any]


@dataclass(frozen=True)
class Condition:
    """When two rows are an edge: nearer than ``radius``, and labels less than ``gap`` apart where there are labels."""

    radius: float
    gap: float


@dataclass(frozen=True)
class Block:
    """A block of rows, prepared: ``members`` are its row numbers, ``prepared`` the native core's bytes of them."""

    members: Longs
    prepared: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Found:
    """What the join of two blocks found, by row number (a forest has no distances); and the native core's counts."""

    i: Longs
    j: Longs
    distance: Floats
    counts: dict[str, int]


def prepare(
    features: Features, norms: Floats, labels: Floats | None, condition: Condition, found: Filter, members: Longs
) -> Block:
    """Make the short and whole 8-bit rows of a block."""
    made = _native.prepared_rows(
        opened(features), norms, condition.radius, labels, members,
        found.basis, found.centre, found.step, found.whole_rows, 1,
    )  # fmt: skip
    return Block(members, made)


def forest(
    features: Features, norms: Floats, labels: Floats | None, condition: Condition, groups: Longs, a: Block, b: Block
) -> Found:
    """Give edges between two blocks that join what is not joined yet: fewer than the blocks have rows.

    Args:
        features: All rows.
        norms: Their squared norms.
        labels: Their labels.
        condition: What an edge is.
        groups: One number for each member of ``a``, then of ``b``; members with equal numbers are joined already.
        a: A block.
        b: Another, or the same one again.
    """
    join, numbers = _join(features, norms, labels, condition, a, b)
    i, j = join.forest(groups)
    return Found(numbers[i], numbers[j], np.empty(0), join.counts())


def pairs(features: Features, norms: Floats, labels: Floats | None, condition: Condition, a: Block, b: Block) -> Found:
    """Give every edge between two blocks, with its distance."""
    join, numbers = _join(features, norms, labels, condition, a, b)
    first, second, distance = join.pairs(0, join.tasks, None)
    i, j = numbers[first], numbers[second]
    return Found(np.minimum(i, j), np.maximum(i, j), distance, join.counts())


def nearest(
    queries: Features,
    query_norms: Floats,
    base: Features,
    base_norms: Floats,
    k: int,
    query_groups: Longs | None,
    base_groups: Longs | None,
    first: int,
    last: int,
) -> tuple[Floats, Longs]:
    """Give the k nearest base rows of the queries ``first`` to ``last - 1``."""
    part = slice(first, last)
    return _native.nearest(
        opened(queries)[part], query_norms[part], opened(base), base_norms, k, False,
        None if query_groups is None else query_groups[part], base_groups, 1, None,
    )  # fmt: skip


def _join(
    features: Features, norms: Floats, labels: Floats | None, condition: Condition, a: Block, b: Block
) -> tuple[_native.BlockJoin, Longs]:
    rows = opened(features)
    if np.array_equal(a.members, b.members):
        return _native.BlockJoin(rows, norms, condition.radius, labels, condition.gap, a.members, a.prepared), a.members
    join = _native.BlockJoin(
        rows, norms, condition.radius, labels, condition.gap, a.members, a.prepared, b.members, b.prepared
    )
    return join, np.concatenate([a.members, b.members])
