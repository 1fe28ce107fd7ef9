"""What FAISS's backends share: FAISS finds candidates by float32, float64 decides each of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.errors import require
from syndr.progress import Progress, silent
from syndr.search.faiss.index import Index, Longs, ToGpu, check_scores, gpu_mover, margin, unit_rows
from syndr.search.faiss.join import components
from syndr.search.faiss.neighbours import Neighbours
from syndr.search.faiss.run import Run
from syndr.search.protocol import LabelGap, Pairs
from syndr.search.rows import Rows
from syndr.threads import default_threads

_BLOCK = 1024  # queries at a time
_HITS = 1 << 22  # ... fewer where the last block had more hits than this

Found = tuple[Longs, Longs, npt.NDArray[np.float64]]


class FaissSearch(ABC):
    """A FAISS index behind the search protocol.

    Memory: FAISS keeps the rows once more, normalized, as float32 (and once on each GPU); queries go in blocks, each
    block's hits are decided before the next. FAISS uses its own number of threads (``faiss.omp_set_num_threads``).

    Args:
        to_gpu: What copies a CPU index to GPUs. ``"auto"``: ``faiss.index_cpu_to_all_gpus`` where FAISS is a GPU build
            and sees a GPU, each GPU holding all rows; None: stay on the CPU.

    Attributes:
        report: What the last call did: see :class:`syndr.search.faiss.run.Run`.

    Raises:
        MissingExtraError: When FAISS is not installed.
    """

    name: str
    exact: bool
    _by_range = True  # whether the index's own range search is used

    def __init__(self, to_gpu: ToGpu | Literal["auto"] | None = "auto") -> None:
        self._faiss: Any = require("faiss", "faiss")
        self._to_gpu = gpu_mover(self._faiss, to_gpu)
        self.report: dict[str, Any] = {}

    def pairs(self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent) -> Pairs:
        """See :meth:`syndr.search.protocol.Search.pairs`."""
        run = self._start("pairs", len(rows))
        # The empty first part gives the types where there are no rows.
        parts: list[Found] = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
        parts += self._found(rows, radius, gap, progress, run)
        i, j, distance = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.lexsort((j, i, distance))
        i, j, distance = i[order], j[order], distance[order]
        # An index that misses pairs may find one from both ends, from one or from none.
        new = np.ones(len(i), dtype=bool)
        new[1:] = (i[1:] != i[:-1]) | (j[1:] != j[:-1])
        run.report["pairs"] = int(new.sum())
        return Pairs(i[new], j[new], distance[new])

    def components(self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent) -> Longs:
        """See :meth:`syndr.search.protocol.Search.components`."""
        run = self._start("components", len(rows))
        return components(len(rows), ((i, j) for i, j, _ in self._found(rows, radius, gap, progress, run)))

    def nearest(
        self,
        queries: Rows,
        base: Rows,
        k: int = 1,
        query_groups: Longs | None = None,
        base_groups: Longs | None = None,
        progress: Progress = silent,
    ) -> tuple[npt.NDArray[np.float64], Longs]:
        """See :meth:`syndr.search.protocol.Search.nearest`; an inexact backend may find fewer than there are."""
        run = self._start("nearest", len(queries))
        wanted = Neighbours(queries, base, k, query_groups, base_groups, self.exact)
        progress("nearest", 0, len(queries))
        if len(queries) == 0 or len(base) == 0:
            return wanted.nothing()
        with run.clock("index"):
            index = self._filled(base, progress)
        self._tune_nearest(index, wanted, run)
        self._place(index, run)
        answer = wanted.search(index, run, progress)
        self._judge_nearest(wanted, answer[0], run)
        return answer

    def _start(self, operation: str, rows: int) -> Run:
        run = Run(self.name, operation, rows)
        self.report = run.report
        return run

    def _found(self, rows: Rows, radius: float, gap: LabelGap | None, progress: Progress, run: Run) -> Iterator[Found]:
        """Yield true pairs (i, j, distance), i < j, as blocks of queries find them."""
        stage, total, dims = str(run.report["operation"]), len(rows), rows.features.shape[1]
        progress(stage, 0, total)
        if total == 0:
            return
        with run.clock("index"):
            index = self._filled(rows, progress)
        self._tune_pairs(index, rows, radius, gap, run)
        self._place(index, run)
        start, size = 0, _BLOCK
        while start < total:
            asked = np.arange(start, min(start + size, total))
            with run.clock("search"):
                query, j, score = index.within(unit_rows(rows, asked), 1 - radius - margin(dims))
            size = max(1, min(_BLOCK, 2 * size, len(asked) * _HITS // max(1, len(j))))
            i = asked[query]
            # An exact search finds each pair from both ends.
            keep = j > i if self.exact else j != i
            if gap is not None:
                keep &= np.abs(gap.labels[i] - gap.labels[j]) < gap.gap
            i, j, score = i[keep], j[keep], score[keep]
            low, high = np.minimum(i, j), np.maximum(i, j)
            with run.clock("check"):
                distance = _native.pair_distances(
                    rows.features, rows.norms, rows.features, rows.norms, low, high, default_threads()
                )
            if self.exact:
                check_scores(score, distance, dims)
            inside = distance < radius
            run.count(len(inside), int(inside.sum()))
            yield low[inside], high[inside], distance[inside]
            start += len(asked)
            progress(stage, start, total)

    def _filled(self, rows: Rows, progress: Progress) -> Index:
        index = Index(self._empty(rows), self._by_range)
        index.add(rows, progress)
        return index

    def _place(self, index: Index, run: Run) -> None:
        """Copy a finished index to where it is searched, and put its parameters down."""
        if self._to_gpu is not None and self._fits_gpu(index):
            with run.clock("index"):
                index.device = self._to_gpu(index.host)
        run.report["device"] = "cpu" if index.device is None else "gpu"
        run.report["parameters"] = self._parameters(index)

    @abstractmethod
    def _empty(self, rows: Rows) -> Any:
        """Make a FAISS index by inner product, trained for these rows."""

    # What an inexact backend does beside; nothing for an exact one.

    def _tune_pairs(self, index: Index, rows: Rows, radius: float, gap: LabelGap | None, run: Run) -> None:  # noqa: B027
        """Set what the search of pairs depends on."""

    def _tune_nearest(self, index: Index, wanted: Neighbours, run: Run) -> None:  # noqa: B027
        """Set what the search of neighbours depends on."""

    def _judge_nearest(self, wanted: Neighbours, distances: npt.NDArray[np.float64], run: Run) -> None:  # noqa: B027
        """Say how many of the neighbours were found."""

    def _fits_gpu(self, index: Index) -> bool:
        return True

    def _parameters(self, index: Index) -> dict[str, object]:
        return {}
