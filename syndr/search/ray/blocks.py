"""The plan of a join on many workers: rows in label order, cut into blocks, and the pairs of blocks that can meet."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
import numpy.typing as npt

from syndr.search.protocol import LabelGap

#: Pairs of blocks for each worker: enough that the last one done is waited for but briefly.
_EACH = 16
_TILE = 192  # rows of the native core's tiles (csrc/filter_rows.hpp)
_FEWEST = 16 * _TILE  # rows of a block; for fewer, handing over a task costs more than its work
_MOST = 131_072  # the same; two such blocks of 2,048 dims are half a gigabyte, which every worker of a node shares


@dataclass(frozen=True)
class Blocks:
    """What is joined with what.

    Attributes:
        members: Row numbers of each block, int64, ascending by label.
        meetings: Pairs of block numbers (a <= b) that can hold an edge, in the order of work: first each block with
            itself, as that joins what lies close together and joined rows need no further look; then the others, the
            largest first, so that no large one is left for the end.
        work: Pairs of rows of each meeting that the label condition lets pass, about.
    """

    members: list[npt.NDArray[np.int64]]
    meetings: list[tuple[int, int]]
    work: list[float]


def plan_blocks(rows: int, gap: LabelGap | None, workers: int, block_rows: int | None = None) -> Blocks:
    """Lay out the blocks.

    Args:
        rows: How many rows.
        gap: The label condition.
        workers: Tasks that run at once.
        block_rows: Rows of a block; chosen by the number of workers when None.
    """
    order = np.arange(rows) if gap is None else np.argsort(gap.labels, kind="stable")
    size = block_rows or _block_rows(rows, _share(gap), workers)
    members = [order[first : first + size] for first in range(0, rows, size)]
    spans = [None if gap is None else gap.labels[block] for block in members]
    meetings, work = [], []
    for a, labels_a in enumerate(spans):
        for b in range(a, len(members)):
            labels_b = spans[b]
            if gap is None or labels_a is None or labels_b is None:
                found = float(len(members[a]) * len(members[b]))
            elif not labels_b[0] - labels_a[-1] < gap.gap:
                break  # later blocks have higher labels still
            else:
                reach = np.searchsorted(labels_b, labels_a + gap.gap)
                found = float(reach.sum())
            meetings.append((a, b))
            work.append(found / 2 if a == b else found)
    ranked = sorted(range(len(meetings)), key=lambda n: (meetings[n][0] != meetings[n][1], -work[n], meetings[n]))
    return Blocks(members, [meetings[n] for n in ranked], [work[n] for n in ranked])


def _block_rows(rows: int, share: float, workers: int) -> int:
    blocks = ceil(sqrt(2 * _EACH * workers / max(share, 1e-3)))
    size = ceil(rows / max(1, blocks) / _TILE) * _TILE
    return min(max(size, _FEWEST), _MOST)


def _share(gap: LabelGap | None) -> float:
    """Give the share of all pairs that the label condition lets pass."""
    if gap is None or len(gap.labels) < 2:
        return 1.0
    ordered = np.sort(gap.labels)
    return float((np.searchsorted(ordered, ordered + gap.gap) - np.arange(len(ordered))).mean() / len(ordered) * 2)
