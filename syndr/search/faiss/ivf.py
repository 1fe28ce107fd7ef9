"""FAISS's inverted lists: rows sorted into cells, of which a query looks into the nearest few."""

from __future__ import annotations

import math
from typing import Any, Literal

from syndr.errors import InputError
from syndr.search.faiss.approximate import ApproximateSearch, at_least
from syndr.search.faiss.index import GPU_LONGEST, Index, ToGpu, unit_rows
from syndr.search.faiss.recall import draw
from syndr.search.rows import Rows

_PER_LIST = 40  # training rows for each list; FAISS asks for 39


class FaissIvfSearch(ApproximateSearch):
    """``IndexIVFFlat`` over unit rows.

    Beside FAISS's copy of the rows, training holds 40 rows per list for a while. See :class:`ApproximateSearch` for the
    arguments that are not explained here.

    Args:
        nlist: Number of lists; about 4 * sqrt(rows) when None.
        nprobe: Lists that a query looks into, at most ``nlist``, which finds all; the fewest that reach
            ``target_recall`` when None.
        target_recall: In (0, 1]; not used where ``nprobe`` is given.
        recall_rows: Rows in each sample.
        seed: Of the samples and of the training.
        to_gpu: See :class:`syndr.search.faiss.base.FaissSearch`; an index that must look into more than 2,048 lists
            stays on the CPU.
    """

    name = "faiss-ivf"
    _least = 1

    def __init__(
        self,
        nlist: int | None = None,
        nprobe: int | None = None,
        target_recall: float = 0.99,
        recall_rows: int = 256,
        seed: int = 0,
        to_gpu: ToGpu | Literal["auto"] | None = "auto",
    ) -> None:
        at_least(1, nlist=nlist, nprobe=nprobe)
        super().__init__(nprobe, target_recall, recall_rows, seed, to_gpu)
        self._nlist = nlist

    def _empty(self, rows: Rows) -> Any:
        total, dims = rows.features.shape
        nlist = self._nlist or max(1, min(round(4 * math.sqrt(total)), total // _PER_LIST))
        if nlist > total:
            raise InputError(f"nlist must be at most the number of rows, {total}, not {nlist}")
        index = self._faiss.IndexIVFFlat(self._faiss.IndexFlatIP(dims), dims, nlist, self._faiss.METRIC_INNER_PRODUCT)
        index.cp.seed = self._seed
        index.cp.min_points_per_centroid = 1  # FAISS warns of fewer on stderr; the recall says what they are worth
        index.train(unit_rows(rows, draw(total, _PER_LIST * nlist, (self._seed,))))
        return index

    def _most(self, index: Index) -> int:
        return int(index.host.nlist)

    def _set_effort(self, index: Index, effort: int) -> None:
        index.host.nprobe = effort

    def _fits_gpu(self, index: Index) -> bool:
        return bool(index.host.nprobe <= GPU_LONGEST)

    def _parameters(self, index: Index) -> dict[str, object]:
        return {"nlist": int(index.host.nlist), "nprobe": int(index.host.nprobe)}
