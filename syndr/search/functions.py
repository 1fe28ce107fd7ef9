"""The search by itself: look-alikes among rows, for those who need no more than that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError
from syndr.progress import Progress, silent
from syndr.search import get_search
from syndr.search.exact import ExactSearch
from syndr.search.protocol import LabelGap, Pairs, Search
from syndr.search.rows import OnBadRows, Rows, as_matrix, check_labels, check_same_dims, split_rows


@dataclass(frozen=True)
class Components:
    """Connected components of the rows under "closer than the radius".

    Attributes:
        labels: (rows,) int64 component of each row, numbered by first member; -1 for rows set aside.
        engine_report: What the search did: the backend's ``report``.
    """

    labels: npt.NDArray[np.int64]
    engine_report: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class SimilarPairs(Pairs):
    """Pairs of rows, sorted by (distance, i, j), and ``engine_report``: what the search did."""

    engine_report: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Neighbours:
    """Nearest base rows of each query, ascending, ties to the lower row number.

    Attributes:
        distances: (queries, k) float64 cosine distances; NaN where a query has fewer than k, or was set aside.
        rows: (queries, k) int64 base rows; -1 there.
        engine_report: What the search did.
    """

    distances: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]
    engine_report: dict[str, Any] = field(repr=False)


def components(
    X: Any,
    radius: float,
    labels: Any = None,
    gap: float | None = None,
    *,
    search: str | Search = "exact",
    on_bad_rows: OnBadRows = "raise",
    progress: Progress = silent,
) -> Components:
    """Join rows whose cosine distance is below a radius, transitively.

    Args:
        X: (rows, dims) NumPy array, memory map or torch tensor, float16, bfloat16, float32 or float64, any strides, not
            copied; a feature store's rows are copied into memory once where they lie in several shards.
        radius: In (0, 2]; an edge is ``distance < radius``.
        labels: (rows,) numbers; an edge then also needs ``|label difference| < gap``. None for no label condition.
        gap: Positive; goes together with ``labels``.
        search: Backend, by name or as an object: ``ExactSearch(threads=..., memory_limit=...)``, for one.
        on_bad_rows: ``"raise"`` or ``"set_aside"`` for rows of zero norm, NaN or infinity.
        progress: Told about the search.

    Returns:
        The components.

    Raises:
        InputError: For a radius outside (0, 2], or labels that do not fit.
        BadRowsError: For rows without a direction, unless ``on_bad_rows="set_aside"``.
    """
    X = as_matrix(X)
    rows, positions, limit = _checked(X, radius, labels, gap, on_bad_rows)
    backend = get_search(search)
    found = np.full(len(X), -1, dtype=np.int64)
    found[positions] = backend.components(rows, radius, limit, progress)
    return Components(found, backend.report)


def similar_pairs(
    X: Any,
    radius: float,
    labels: Any = None,
    gap: float | None = None,
    *,
    search: str | Search = "exact",
    on_bad_rows: OnBadRows = "raise",
    progress: Progress = silent,
) -> SimilarPairs:
    """Find every pair of rows whose cosine distance is below a radius.

    Args and errors are those of :func:`components`. The pairs are held in memory, 24 bytes each:
    :func:`iter_similar_pairs` streams them.

    Returns:
        Row numbers ``i < j`` and their float64 distances, sorted by (distance, i, j).
    """
    rows, positions, limit = _checked(X, radius, labels, gap, on_bad_rows)
    backend = get_search(search)
    pairs = backend.pairs(rows, radius, limit, progress)
    return SimilarPairs(positions[pairs.i], positions[pairs.j], pairs.distance, backend.report)


def iter_similar_pairs(
    X: Any,
    radius: float,
    labels: Any = None,
    gap: float | None = None,
    *,
    block: int = 4_000_000,
    search: ExactSearch | None = None,
    on_bad_rows: OnBadRows = "raise",
    progress: Progress = silent,
) -> Iterator[Pairs]:
    """Give the pairs of :func:`similar_pairs` block by block, in bounded memory.

    Args and errors are those of :func:`components`, but for ``block``, the pairs a block should have, and ``search``,
    the exact backend alone.

    Yields:
        Pairs, each block sorted by (distance, i, j); each pair comes once, blocks in no order.
    """
    if block < 1:
        raise InputError(f"block must be at least 1, not {block}")
    rows, positions, limit = _checked(X, radius, labels, gap, on_bad_rows)
    for pairs in (search or ExactSearch()).iter_pairs(rows, radius, limit, progress, block):
        yield Pairs(positions[pairs.i], positions[pairs.j], pairs.distance)


def nearest(
    queries: Any,
    base: Any,
    k: int = 1,
    *,
    search: str | Search = "exact",
    on_bad_rows: OnBadRows = "raise",
    progress: Progress = silent,
) -> Neighbours:
    """Find each query's k nearest base rows by cosine distance.

    Args:
        queries: (queries, dims), as ``X`` of :func:`components`.
        base: (base rows, dims), likewise.
        k: At least 1.
        search: Backend, by name or as an object.
        on_bad_rows: ``"raise"`` or ``"set_aside"``: bad queries get no neighbours, bad base rows are nobody's.
        progress: Told about the search.

    Returns:
        The neighbours.

    Raises:
        InputError: For other dims or k < 1.
        BadRowsError: For rows without a direction, unless ``on_bad_rows="set_aside"``.
    """
    if k < 1:
        raise InputError(f"k must be at least 1, not {k}")
    itself = base is queries
    queries = as_matrix(queries, "queries")
    asked, asked_rows = split_rows(queries, "queries", on_bad_rows)
    among, among_rows = (asked, asked_rows) if itself else split_rows(base, "base", on_bad_rows)
    check_same_dims(asked, among, "queries and base")
    backend = get_search(search)
    near, found = backend.nearest(asked, among, k, progress=progress)
    distances = np.full((len(queries), k), np.nan)
    rows = np.full(distances.shape, -1, dtype=np.int64)
    distances[asked_rows] = near
    if len(among):
        rows[asked_rows] = np.where(found >= 0, among_rows[found], -1)
    return Neighbours(distances, rows, backend.report)


def _checked(
    X: Any, radius: float, labels: Any, gap: float | None, on_bad_rows: OnBadRows
) -> tuple[Rows, npt.NDArray[np.int64], LabelGap | None]:
    if not 0 < radius <= 2:
        raise InputError(f"radius must lie in (0, 2], not {radius}")
    if (labels is None) != (gap is None):
        raise InputError("labels and gap go together: give both, or neither for no label condition")
    if gap is not None and not gap > 0:
        raise InputError(f"gap must be positive, not {gap}")
    X = as_matrix(X)
    rows, positions = split_rows(X, "X", on_bad_rows)
    if gap is None:
        return rows, positions, None
    return rows, positions, LabelGap(check_labels(labels, len(X), "labels")[positions], gap)
