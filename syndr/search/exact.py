"""The exact CPU backend: float32 tiles with a proven margin, float64 inside it (csrc/range_join.hpp)."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.errors import InputError
from syndr.progress import Progress, silent
from syndr.search.protocol import LabelGap, Pairs
from syndr.search.rows import Rows
from syndr.threads import default_threads


class ExactSearch:
    """Every pair, decided by the float64 distance; the same answer for any number of threads.

    Args:
        threads: Worker threads, at least 1; all usable CPUs when None.
    """

    name = "exact"
    exact = True

    def __init__(self, threads: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise InputError(f"threads must be at least 1, or None for all usable CPUs, not {threads}")
        _check_kernel()
        self.threads = threads or default_threads()

    def pairs(self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent) -> Pairs:
        """See :meth:`syndr.search.protocol.Search.pairs`."""
        labels, limit = (None, 0.0) if gap is None else (gap.labels, gap.gap)
        return Pairs(
            *_native.pairs(rows.features, rows.norms, radius, labels, limit, self.threads, _tick("pairs", progress))
        )

    def components(
        self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent
    ) -> npt.NDArray[np.int64]:
        """See :meth:`syndr.search.protocol.Search.components`."""
        labels, limit = (None, 0.0) if gap is None else (gap.labels, gap.gap)
        tick = _tick("components", progress)
        return _native.components(rows.features, rows.norms, radius, labels, limit, self.threads, tick)

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


def _tick(stage: str, progress: Progress) -> Callable[[int, int], None] | None:
    if progress is silent:
        return None
    return lambda done, total: progress(stage, done, total)


def _check_kernel() -> None:
    forced = os.environ.get("SYNDR_KERNEL")
    if forced and forced not in _native.kernels():
        kernels = ", ".join(_native.kernels())
        raise InputError(f"SYNDR_KERNEL={forced} is not a kernel this CPU can run; it has: {kernels}")
