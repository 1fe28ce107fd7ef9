"""A FAISS index over unit rows, asked in the one way all backends share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.errors import SyndrError
from syndr.progress import Progress, silent
from syndr.search.rows import Rows
from syndr.threads import default_threads

Longs = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
ToGpu = Callable[[Any], Any]

GPU_LONGEST = 2048  # the longest list of neighbours, and the most lists of an IVF, that FAISS's GPU kernels take
_ROWS = 4096  # rows normalized at once
_ENTRIES = 1 << 22  # entries of neighbour lists held at once
_FIRST = 32  # length of the first list where lists stand in for a range


def unit_rows(rows: Rows, which: Longs) -> Scores:
    """Normalize some rows: (len(which), dims) float32, each entry rounded once."""
    unit = np.empty((len(which), rows.features.shape[1]), dtype=np.float32)
    for start in range(0, len(which), _ROWS):
        some = which[start : start + _ROWS]
        unit[start : start + _ROWS] = _native.unit_rows(rows.features[some], rows.norms[some], default_threads())
    return unit


def margin(dims: int) -> float:
    """How far a float32 inner product of unit rows, summed in any order, may be from the true one."""
    return 1.05 * (dims + 8) * 2.0**-24


def check_scores(scores: Scores, distances: npt.NDArray[np.float64], dims: int) -> None:
    """Hold FAISS to what exactness rests on.

    Raises:
        SyndrError: When a score is farther from the true one than float32 products can be.
    """
    off = np.abs(scores.astype(np.float64) - (1 - distances)).max(initial=0.0)
    if off > margin(dims):
        raise SyndrError(
            f"FAISS's products are off by {off:.2g}, more than float32 allows ({margin(dims):.2g}), so pairs may be "
            "missing; on a GPU, turn off TF32 (unset NVIDIA_TF32_OVERRIDE) or search on the CPU (to_gpu=None)"
        )


def gpu_mover(faiss: Any, to_gpu: ToGpu | Literal["auto"] | None) -> ToGpu | None:
    """Give what moves an index to GPUs: for ``"auto"`` FAISS's own where it is a GPU build and sees one, else None."""
    if to_gpu != "auto":
        return to_gpu
    if hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0:
        return faiss.index_cpu_to_all_gpus
    return None


class Index:
    """An index with inner product as its score, and its copy on GPUs where there is one.

    Args:
        host: A trained CPU index; :meth:`add` fills it.
        by_range: Whether its range search is as good as its lists of neighbours.
    """

    def __init__(self, host: Any, by_range: bool) -> None:
        self.host = host
        self.device: Any = None
        self._by_range = by_range

    def add(self, rows: Rows, progress: Progress = silent) -> None:
        """Copy rows into the index, normalized, block by block."""
        for start in range(0, len(rows), _ROWS):
            progress("index", start, len(rows))
            self.host.add(unit_rows(rows, np.arange(start, min(start + _ROWS, len(rows)))))
        progress("index", len(rows), len(rows))

    def within(self, queries: Scores, bar: float) -> tuple[Longs, Longs, Scores]:
        """Find the rows whose score is over a bar.

        FAISS's range search does it where there is one. Elsewhere (GPU, HNSW) lists of neighbours stand in: a query
        whose last neighbour is still over the bar is asked again for twice as many.

        Returns:
            Number of the query, number of the row, score: each (hits,), no pair twice.
        """
        parts: list[tuple[Longs, Longs, Scores]] = []
        left = np.ones(len(queries), dtype=bool)
        if self.device is not None or not self._by_range:
            longest = GPU_LONGEST if self._by_range else self.host.ntotal
            for which, scores, ids in self.lists(queries, _FIRST, lambda _, scores, ids: scores[:, -1] <= bar, longest):
                left[which] = False
                hit = (scores > bar) & (ids >= 0)
                parts.append((which[np.nonzero(hit)[0]], ids[hit], scores[hit]))
        rest = np.flatnonzero(left)
        if len(rest):
            offsets, scores, ids = self.host.range_search(queries[rest], bar)
            parts.append((np.repeat(rest, np.diff(offsets.astype(np.int64))), ids, scores))
        query, row, score = (np.concatenate(part) for part in zip(*parts, strict=True))
        return query, row, score

    def lists(
        self,
        queries: Scores,
        first: int,
        enough: Callable[[Longs, Scores, Longs], npt.NDArray[np.bool_]],
        longest: int | None = None,
    ) -> Iterator[tuple[Longs, Scores, Longs]]:
        """Yield each query's neighbours, best first, in lists made twice as long until they are long enough.

        Args:
            queries: (queries, dims) unit rows.
            first: Length of the first lists.
            enough: Told the queries' numbers, their scores and rows, (some, length) each; says which lists will do. A
                list that holds all the index has to give always does.
            longest: Longest lists to make; None for all rows. Queries that need longer ones get none.

        Yields:
            Numbers of the queries, and their scores and rows as FAISS gives them: row -1 where it found no more.
        """
        total = self.host.ntotal
        longest = total if longest is None else min(longest, total)
        length, pending = min(first, longest), np.arange(len(queries))
        while len(pending):
            step = max(1, _ENTRIES // length)
            unfinished = []
            for start in range(0, len(pending), step):
                which = pending[start : start + step]
                scores, ids = self._search(queries[which], length)
                done = (ids[:, -1] < 0) | (length == total) | enough(which, scores, ids)
                yield which[done], scores[done], ids[done]
                unfinished.append(which[~done])
            pending = np.concatenate(unfinished)
            if length == longest:
                return
            length = min(2 * length, longest)

    def _search(self, queries: Scores, length: int) -> tuple[Scores, Longs]:
        there = self.host if self.device is None or length > GPU_LONGEST else self.device
        scores, ids = there.search(queries, length)
        return scores, ids
