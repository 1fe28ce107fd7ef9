"""The nearest neighbours of each query, from FAISS's lists to the order that float64 gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.progress import Progress, silent
from syndr.search.faiss.index import Index, Longs, Scores, check_scores, margin, unit_rows
from syndr.search.faiss.run import Run
from syndr.search.rows import Rows
from syndr.threads import default_threads

_BLOCK = 1024  # queries at a time
_SPARE = 8  # more neighbours than wanted, among which float64 finds the right order


@dataclass(frozen=True)
class Neighbours:
    """A question: which ``k`` rows of ``base`` are nearest to each query, rows of its own group apart.

    Attributes:
        queries: Who asks.
        base: Who is asked about.
        k: How many.
        query_groups: (queries,) int64 or None.
        base_groups: (base,) int64 or None.
        exact: Whether to go on until rounding can have hidden none.
    """

    queries: Rows
    base: Rows
    k: int
    query_groups: Longs | None
    base_groups: Longs | None
    exact: bool

    def of(self, rows: Longs) -> Neighbours:
        """Give the same question for some of the queries (copied)."""
        groups = None if self.query_groups is None else self.query_groups[rows]
        return Neighbours(self.queries.take(rows), self.base, self.k, groups, self.base_groups, self.exact)

    def nothing(self) -> tuple[npt.NDArray[np.float64], Longs]:
        """Give the answer with no neighbour in it: (queries, k) distances NaN and rows -1."""
        shape = (len(self.queries), self.k)
        return np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)

    def search(self, index: Index, run: Run, progress: Progress = silent) -> tuple[npt.NDArray[np.float64], Longs]:
        """Ask the index of ``base``; distances and rows (queries, k), NaN and -1 where it gives fewer."""
        distances, found = self.nothing()
        there_are, total = self._there_are(), len(self.queries)
        for start in range(0, total, _BLOCK):
            asked = np.arange(start, min(start + _BLOCK, total))
            enough = partial(self._enough, asked, there_are)
            lists = index.lists(unit_rows(self.queries, asked), self.k + _SPARE, enough)
            while True:
                with run.clock("search"):
                    answer = next(lists, None)
                if answer is None:
                    break
                which, scores, ids = answer
                with run.clock("check"):
                    self._settle(asked[which], scores, ids, there_are, distances, found, run)
            progress("nearest", start + len(asked), total)
        return distances, found

    def _there_are(self) -> Longs:
        """How many neighbours each query can have, at most k."""
        possible = np.full(len(self.queries), len(self.base))
        if self.query_groups is not None and self.base_groups is not None:
            groups, sizes = np.unique(self.base_groups, return_counts=True)
            at = np.minimum(np.searchsorted(groups, self.query_groups), len(groups) - 1)
            possible -= np.where(groups[at] == self.query_groups, sizes[at], 0)
        return np.minimum(possible, self.k)

    def _allowed(self, query: Longs, ids: Longs) -> npt.NDArray[np.bool_]:
        allowed = ids >= 0
        if self.query_groups is not None and self.base_groups is not None:
            allowed &= self.base_groups[ids] != self.query_groups[query, None]
        return allowed

    def _bar(self, query: Longs, scores: Scores, ids: Longs, there_are: Longs) -> Scores:
        """Score of each query's last wanted neighbour, less what rounding can hide; -inf where the list lacks it."""
        rank = self._allowed(query, ids).cumsum(axis=1)
        last = np.argmax(rank >= there_are[query, None], axis=1)
        bar = scores[np.arange(len(query)), last] - np.float32(2 * margin(self.base.features.shape[1]))
        return np.where(rank[:, -1] >= there_are[query], bar, np.float32(-np.inf))

    def _enough(
        self, asked: Longs, there_are: Longs, which: Longs, scores: Scores, ids: Longs
    ) -> npt.NDArray[np.bool_]:
        query = asked[which]
        bar = self._bar(query, scores, ids, there_are)
        enough = scores[:, -1] < bar if self.exact else np.isfinite(bar)
        return enough | (there_are[query] == 0)

    def _settle(
        self, query: Longs, scores: Scores, ids: Longs, there_are: Longs, distances: npt.NDArray[np.float64],
        found: Longs, run: Run,
    ) -> None:  # fmt: skip
        keep = self._allowed(query, ids) & (scores >= self._bar(query, scores, ids, there_are)[:, None])
        keep &= there_are[query, None] > 0
        i, j = query[np.nonzero(keep)[0]], ids[keep]
        distance = _native.pair_distances(
            self.queries.features, self.queries.norms, self.base.features, self.base.norms, i, j, default_threads()
        )
        if self.exact:
            check_scores(scores[keep], distance, self.base.features.shape[1])
        order = np.lexsort((j, distance, i))
        i, j, distance = i[order], j[order], distance[order]
        rank = np.arange(len(i)) - np.searchsorted(i, i)
        wanted = rank < there_are[i]
        run.count(len(i), int(wanted.sum()))
        at = (i[wanted], rank[wanted])
        distances[at], found[at] = distance[wanted], j[wanted]
