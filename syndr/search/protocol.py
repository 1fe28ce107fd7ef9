"""Who is near whom: what every search backend can do, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from syndr.progress import Progress, silent
from syndr.search.rows import Rows


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows, sorted by (distance, i, j).

    Attributes:
        i: (pairs,) int64 lower row number.
        j: (pairs,) int64 higher row number.
        distance: (pairs,) float64 cosine distance, the deciding one.
    """

    i: npt.NDArray[np.int64]
    j: npt.NDArray[np.int64]
    distance: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.i)

    @classmethod
    def none(cls) -> Pairs:
        """Give no pairs."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))

    @classmethod
    def joined(cls, blocks: Sequence[Pairs]) -> Pairs:
        """Give the pairs of all blocks (at least one) together, sorted."""
        i, j, distance = (np.concatenate([getattr(block, part) for block in blocks]) for part in ("i", "j", "distance"))
        order = np.lexsort((j, i, distance))
        return cls(i[order], j[order], distance[order])


@dataclass(frozen=True)
class LabelGap:
    """The label condition of a pair: ``|labels[i] - labels[j]| < gap``, in float64.

    Attributes:
        labels: (rows,) float64, finite.
        gap: Positive.
    """

    labels: npt.NDArray[np.float64]
    gap: float


class Search(Protocol):
    """Finds pairs of rows at a cosine distance below a radius (strictly).

    Attributes:
        name: How users ask for it.
        exact: Whether it finds every pair; what it finds always has true float64 distances.
        report: What the last call did, for people and logs; its keys are the backend's own.
    """

    name: str
    exact: bool
    report: dict[str, Any]

    def pairs(self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent) -> Pairs:
        """Give all pairs with distance < radius that meet the label condition."""

    def components(
        self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent
    ) -> npt.NDArray[np.int64]:
        """Give each row's connected component, numbered by first member: (rows,) int64."""

    def nearest(
        self,
        queries: Rows,
        base: Rows,
        k: int = 1,
        query_groups: npt.NDArray[np.int64] | None = None,
        base_groups: npt.NDArray[np.int64] | None = None,
        progress: Progress = silent,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Give each query's k nearest base rows, ties to the lower row number.

        Args:
            queries: Rows to find neighbours for.
            base: Rows to find them among.
            k: How many.
            query_groups: (queries,) int64; a base row of the same group is passed over.
            base_groups: (base,) int64, together with ``query_groups``.
            progress: Told about the work.

        Returns:
            Distances (queries, k) float64 ascending, NaN where there are fewer than k; row numbers (queries, k)
            int64, -1 there.
        """
