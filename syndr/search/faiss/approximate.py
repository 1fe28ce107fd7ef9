"""Indexes that may miss pairs: how hard they look is tuned on one sample, what they found is judged on another."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError
from syndr.progress import Progress
from syndr.search.exact import ExactSearch
from syndr.search.faiss.base import FaissSearch, Found
from syndr.search.faiss.index import Index, Longs, ToGpu, margin, unit_rows
from syndr.search.faiss.neighbours import Neighbours
from syndr.search.faiss.recall import PairSample, draw, estimate
from syndr.search.faiss.run import Run
from syndr.search.protocol import LabelGap
from syndr.search.rows import Rows

# Last words of the seeds: the samples are independent draws. 0 would be the seed without a word.
_TUNE, _JUDGE = 1, 2


class ApproximateSearch(FaissSearch):
    """An index that may miss pairs; those it finds have true distances.

    Each call draws sample rows, compares them with all rows exactly, and puts the :class:`Recall` it estimates in
    ``report["recall"]``. Where the effort is not given, another sample finds the least effort that reaches the target.

    Args:
        effort: How much of the index a query looks at; None to find it.
        target_recall: What to find it for, in (0, 1].
        recall_rows: Rows (or queries) in each of the two samples, at least 1.
        seed: Of the samples and of the index's training.
        to_gpu: See :class:`syndr.search.faiss.base.FaissSearch`.
    """

    exact = False
    _least: int  # effort that tuning begins with

    def __init__(
        self,
        effort: int | None,
        target_recall: float,
        recall_rows: int,
        seed: int,
        to_gpu: ToGpu | Literal["auto"] | None,
    ) -> None:
        if not 0 < target_recall <= 1:
            raise InputError(f"target_recall must lie in (0, 1], not {target_recall}")
        at_least(0, seed=seed)
        at_least(1, recall_rows=recall_rows)
        super().__init__(to_gpu)
        self._effort = effort
        self._target = target_recall
        self._sample_rows = recall_rows
        self._seed = seed

    def _found(self, rows: Rows, radius: float, gap: LabelGap | None, progress: Progress, run: Run) -> Iterator[Found]:
        with run.clock("recall"):
            sample = PairSample(rows, radius, gap, self._sample_rows, (self._seed, _JUDGE))
        for i, j, distance in super()._found(rows, radius, gap, progress, run):
            sample.note(i, j)
            yield i, j, distance
        run.report["recall"] = sample.recall()

    def _tune_pairs(self, index: Index, rows: Rows, radius: float, gap: LabelGap | None, run: Run) -> None:
        if self._given(index):
            return
        with run.clock("tune"):
            sample = PairSample(rows, radius, gap, self._sample_rows, (self._seed, _TUNE))
            asked, bar = unit_rows(rows, sample.sampled), 1 - radius - margin(rows.features.shape[1])

            def reached() -> float:
                query, row, _ = index.within(asked, bar)
                return float(sample.true[query, row].sum() / sample.true.sum())

            self._reach(index, reached if sample.true.any() else None, run)

    def _tune_nearest(self, index: Index, wanted: Neighbours, run: Run) -> None:
        if self._given(index):
            return
        with run.clock("tune"):
            some = wanted.of(draw(len(wanted.queries), self._sample_rows, (self._seed, _TUNE)))
            last, there_are = _truth(some)
            aside = Run(self.name, "tune", len(some.queries))

            def reached() -> float:
                return float((some.search(index, aside)[0] <= last[:, None]).sum() / there_are.sum())

            self._reach(index, reached if there_are.any() else None, run)

    def _judge_nearest(self, wanted: Neighbours, distances: npt.NDArray[np.float64], run: Run) -> None:
        with run.clock("recall"):
            asked = draw(len(distances), self._sample_rows, (self._seed, _JUDGE))
            last, there_are = _truth(wanted.of(asked))
            # By distance: of rows equally far, it does not matter which were found.
            found = (distances[asked] <= last[:, None]).sum(axis=1)
            run.report["recall"] = estimate(found, there_are, len(distances))

    def _given(self, index: Index) -> bool:
        if self._effort is not None:
            self._set_effort(index, min(self._effort, self._most(index)))
        return self._effort is not None

    def _reach(self, index: Index, reached: Callable[[], float] | None, run: Run) -> None:
        """Set the least effort that reaches the target recall; the most there is where none does, or none can tell."""
        run.report["target_recall"] = self._target
        most = self._most(index)
        self._set_effort(index, most)
        if reached is None:
            return

        def enough(effort: int) -> bool:
            self._set_effort(index, effort)
            return reached() >= self._target

        missed, effort = 0, min(self._least, most)
        while not enough(effort):
            if effort == most:
                return
            missed, effort = effort, min(2 * effort, most)
        while effort - missed > 1:
            middle = (missed + effort) // 2
            missed, effort = (missed, middle) if enough(middle) else (middle, effort)
        self._set_effort(index, effort)

    @abstractmethod
    def _most(self, index: Index) -> int:
        """Give the greatest effort."""

    @abstractmethod
    def _set_effort(self, index: Index, effort: int) -> None:
        """Make the index look at so much."""


def at_least(least: int, **numbers: int | None) -> None:
    """Raise InputError, naming it, for a number that is too small."""
    for name, number in numbers.items():
        if number is not None and number < least:
            raise InputError(f"{name} must be at least {least}, not {number}")


def _truth(wanted: Neighbours) -> tuple[npt.NDArray[np.float64], Longs]:
    """Exactly: the distance of each query's last wanted neighbour (NaN for none), and how many it has."""
    distances, found = ExactSearch().nearest(
        wanted.queries, wanted.base, wanted.k, wanted.query_groups, wanted.base_groups
    )
    there_are = (found >= 0).sum(axis=1)
    last = np.full(len(found), np.nan)
    some = there_are > 0
    last[some] = distances[some, there_are[some] - 1]
    return last, there_are
