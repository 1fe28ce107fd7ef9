"""FAISS's flat index behind the same protocol; what its float32 finds is decided again in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from syndr import _native
from syndr.errors import require
from syndr.progress import Progress, silent
from syndr.search.protocol import LabelGap, Pairs
from syndr.search.rows import Rows

_BLOCK = 4096  # queries per range search, which bounds the memory its answer takes


class FaissFlatSearch:
    """``IndexFlatIP`` over unit rows, searched with the float32 rounding margin added to the radius.

    The margin makes the candidates a superset of the true pairs, so the answer is exact, at FAISS's speed.
    """

    name = "faiss"
    exact = True

    def __init__(self) -> None:
        self._faiss: Any = require("faiss", "faiss")
        self.report: dict[str, Any] = {}

    def pairs(self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent) -> Pairs:
        """See :meth:`syndr.search.protocol.Search.pairs`."""
        unit = _unit_rows(rows)
        index = self._faiss.IndexFlatIP(unit.shape[1])
        index.add(unit)
        bar = 1 - radius - _margin(unit.shape[1])
        # The empty first parts give the types where there are no rows.
        found_i, found_j, found_d = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
        for start in range(0, len(unit), _BLOCK):
            progress("pairs", start, len(unit))
            offsets, _, j = index.range_search(unit[start : start + _BLOCK], bar)
            i = start + np.repeat(np.arange(len(offsets) - 1), np.diff(offsets.astype(np.int64)))
            later = j > i  # each pair is found from both ends
            i, j = i[later], j[later]
            if gap is not None:
                close = np.abs(gap.labels[i] - gap.labels[j]) < gap.gap
                i, j = i[close], j[close]
            distance = _native.pair_distances(rows.features, rows.norms, rows.features, rows.norms, i, j)
            inside = distance < radius
            found_i.append(i[inside])
            found_j.append(j[inside])
            found_d.append(distance[inside])
        progress("pairs", len(unit), len(unit))
        all_i, all_j, distances = np.concatenate(found_i), np.concatenate(found_j), np.concatenate(found_d)
        order = np.lexsort((all_j, all_i, distances))
        return Pairs(all_i[order], all_j[order], distances[order])

    def components(
        self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent
    ) -> npt.NDArray[np.int64]:
        """See :meth:`syndr.search.protocol.Search.components`."""
        pairs = self.pairs(rows, radius, gap, progress)
        if len(rows) == 0:
            return np.empty(0, dtype=np.int64)  # scipy has no graph without nodes
        graph = coo_array((np.ones(len(pairs), dtype=bool), (pairs.i, pairs.j)), shape=(len(rows), len(rows)))
        _, labels = connected_components(graph, directed=False)
        _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[inverse].astype(np.int64)

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
        unit = _unit_rows(base)
        index = self._faiss.IndexFlatIP(unit.shape[1])
        index.add(unit)
        asked = _unit_rows(queries)
        distances = np.full((len(queries), k), np.nan)
        found = np.full((len(queries), k), -1, dtype=np.int64)
        for query in range(len(queries)):
            progress("nearest", query, len(queries))
            allowed = np.ones(len(base), dtype=bool)
            if query_groups is not None and base_groups is not None:
                allowed = base_groups != query_groups[query]
            wanted = min(k, int(allowed.sum()))
            if wanted == 0:
                continue
            # Excluded rows may all be nearer, hence the longer list; then all that rounding could have misplaced.
            longer = min(len(base), k + int((~allowed).sum()))
            scores, near = index.search(asked[query : query + 1], longer)
            last = scores[0][allowed[near[0]]][wanted - 1]
            _, _, within = index.range_search(asked[query : query + 1], last - 2 * _margin(unit.shape[1]))
            within = within[allowed[within]]
            here = np.full(len(within), query, dtype=np.int64)
            exact = _native.pair_distances(queries.features, queries.norms, base.features, base.norms, here, within)
            order = np.lexsort((within, exact))[:wanted]
            distances[query, :wanted], found[query, :wanted] = exact[order], within[order]
        progress("nearest", len(queries), len(queries))
        return distances, found


def _unit_rows(rows: Rows) -> npt.NDArray[np.float32]:
    return (rows.features / np.sqrt(rows.norms)[:, None]).astype(np.float32)


def _margin(dims: int) -> float:
    """How far a float32 inner product of unit rows, summed in any order, may be from the true one."""
    return 1.05 * (dims + 8) * 2.0**-24
