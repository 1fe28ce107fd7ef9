"""The exact CPU backend: short rows rule pairs out, float64 has the last word (csrc/range_join.hpp)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.errors import InputError
from syndr.progress import Progress, silent
from syndr.search.clock import Clock
from syndr.search.filters import Filter, choose_filter, start_join
from syndr.search.protocol import LabelGap, Pairs
from syndr.search.rows import Rows
from syndr.threads import default_threads

_STREAMED = 4_000_000  # pairs that a block of a stream should have: about 100 MB


class ExactSearch:
    """Every pair, decided by the float64 distance; the same answer for any number of threads.

    Args:
        threads: Worker threads, at least 1; all usable CPUs when None.
        memory_limit: Bytes that the search's own copies of the rows may take (about 64 to 256 for each row, and one
            for each row and dim where there is room); half the machine's memory when None.

    Attributes:
        report: What the last call of ``pairs``, ``components`` or a finished ``iter_pairs`` did: the filter and why
            (``filter``, ``dims_kept``), tiles (``tiles``, ``tiles_joined``: skipped, ``tiles_by_product``), pairs
            (``compared``, ``candidates``, ``joined``, ``by_bytes``, ``by_float32``, ``by_float64``) and ``seconds`` by
            phase.
    """

    name = "exact"
    exact = True

    def __init__(self, threads: int | None = None, memory_limit: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise InputError(f"threads must be at least 1, or None for all usable CPUs, not {threads}")
        if memory_limit is not None and memory_limit < 1:
            raise InputError(f"memory_limit must be a positive number of bytes, or None, not {memory_limit}")
        _check_kernel()
        self.threads = threads or default_threads()
        self.memory_limit = memory_limit
        self.report: dict[str, Any] = {}

    def pairs(
        self,
        rows: Rows,
        radius: float,
        gap: LabelGap | None = None,
        progress: Progress = silent,
        among: npt.NDArray[np.int64] | None = None,
    ) -> Pairs:
        """See :meth:`syndr.search.protocol.Search.pairs`; ``among`` as for :meth:`iter_pairs`."""
        if among is not None and len(among) == 0:
            return Pairs.none()
        clock = Clock()
        found, join = self._start(rows, radius, gap, clock, _tick("pairs", progress), among)
        pairs = Pairs(*join.pairs(0, join.tasks, _tick("pairs", progress)))
        clock.lap("scan")
        self.report = _report(found, join, clock) | {"edges": len(pairs)}
        return pairs

    def iter_pairs(
        self,
        rows: Rows,
        radius: float,
        gap: LabelGap | None = None,
        progress: Progress = silent,
        block: int = _STREAMED,
        among: npt.NDArray[np.int64] | None = None,
    ) -> Iterator[Pairs]:
        """Give the same pairs block by block, in bounded memory.

        Args:
            rows: As for :meth:`pairs`.
            radius: As for :meth:`pairs`.
            gap: As for :meth:`pairs`.
            progress: Told about the tiles.
            block: How many pairs a block should have; it may have more when pairs lie dense, by a few million.
            among: (members,) int64 rows to join, which the pairs then number in this order; all when None.

        Yields:
            Pairs, each block sorted by (distance, i, j); each pair comes once, blocks in no order.
        """
        if among is not None and len(among) == 0:
            return
        clock = Clock()
        found, join = self._start(rows, radius, gap, clock, _tick("pairs", progress), among)
        first, step, edges = 0, 1, 0
        while first < join.tasks:
            progress("pairs", first, join.tasks)
            pairs = Pairs(*join.pairs(first, first + step, _tick("", silent)))
            first, edges = first + step, edges + len(pairs)
            if len(pairs):
                yield pairs
            # As many tasks as the last ones would need for a full block, but no more than twice as many.
            step = max(1, min(2 * step, step * block // max(1, len(pairs))))
        progress("pairs", join.tasks, join.tasks)
        clock.lap("scan")
        self.report = _report(found, join, clock) | {"edges": edges}

    def components(
        self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent
    ) -> npt.NDArray[np.int64]:
        """See :meth:`syndr.search.protocol.Search.components`."""
        clock = Clock()
        found, join = self._start(rows, radius, gap, clock, _tick("components", progress))
        labels = join.components(_tick("components", progress))
        clock.lap("scan")
        self.report = _report(found, join, clock)
        return labels

    def _start(
        self,
        rows: Rows,
        radius: float,
        gap: LabelGap | None,
        clock: Clock,
        tick: Callable[[int, int], None] | None,
        among: npt.NDArray[np.int64] | None = None,
    ) -> tuple[Filter, Any]:
        check_dims(rows)
        found = choose_filter(rows, radius, gap, self.threads, self.memory_limit, among)
        clock.lap("choose the filter")
        join = start_join(rows, radius, gap, found, self.threads, tick, among)
        clock.lap("shorten the rows")
        return found, join

    def nearest(
        self,
        queries: Rows,
        base: Rows,
        k: int = 1,
        query_groups: npt.NDArray[np.int64] | None = None,
        base_groups: npt.NDArray[np.int64] | None = None,
        progress: Progress = silent,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """See :meth:`syndr.search.protocol.Search.nearest`."""
        return self._extreme(queries, base, k, False, query_groups, base_groups, _tick("nearest", progress))

    def farthest(
        self,
        queries: Rows,
        base: Rows,
        query_groups: npt.NDArray[np.int64] | None = None,
        base_groups: npt.NDArray[np.int64] | None = None,
        progress: Progress = silent,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Give each query's farthest base row of another group: distances and row numbers, each (queries,)."""
        tick = _tick("farthest", progress)
        distances, found = self._extreme(queries, base, 1, True, query_groups, base_groups, tick)
        return distances[:, 0], found[:, 0]

    def diameters(
        self, rows: Rows, clusters: npt.NDArray[np.int64], count: int, progress: Progress = silent
    ) -> npt.NDArray[np.float64]:
        """Give the largest distance inside each cluster: (count,) float64, 0 for a single member.

        The pair is found by float32 products, so the value may lie below the true maximum by their rounding
        (about 6e-5 at 2048 dims in the worst case, 1e-6 in practice).
        """
        return _native.diameters(
            rows.features, rows.norms, clusters, count, self.threads, _tick("inner distances", progress)
        )

    def _extreme(
        self,
        queries: Rows,
        base: Rows,
        k: int,
        farthest: bool,
        query_groups: npt.NDArray[np.int64] | None,
        base_groups: npt.NDArray[np.int64] | None,
        tick: Callable[[int, int], None] | None,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        return _native.nearest(
            queries.features, queries.norms, base.features, base.norms, k, farthest,
            query_groups, base_groups, self.threads, tick,
        )  # fmt: skip


def check_dims(rows: Rows) -> None:
    """Raise InputError for rows of more dims than the native join takes."""
    if rows.features.shape[1] > _native.RangeJoin.MOST_DIMS:
        raise InputError(
            f"the exact search takes rows of at most {_native.RangeJoin.MOST_DIMS:,} dims, "
            f"not {rows.features.shape[1]:,}"
        )


def _report(found: Filter, join: Any, clock: Clock) -> dict[str, Any]:
    return {"filter": found.why, "dims_kept": found.dims, "seconds": clock.seconds} | join.counts()


def _tick(stage: str, progress: Progress) -> Callable[[int, int], None] | None:
    if progress is silent:
        return None
    return lambda done, total: progress(stage, done, total)


def _check_kernel() -> None:
    forced = os.environ.get("SYNDR_KERNEL")
    if forced and forced not in _native.kernels():
        kernels = ", ".join(_native.kernels())
        raise InputError(f"SYNDR_KERNEL={forced} is not a kernel this CPU can run; it has: {kernels}")
