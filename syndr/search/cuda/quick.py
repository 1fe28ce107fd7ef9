"""Deciding nearly every candidate in half precision, and joining at once those that are edges.

Where a row's filter row h keeps all dimensions, its products bound the cosine from below as they do from above
(:mod:`syndr.search.cuda.filter_rows`): |<u, v> - <h_u, h_v>| <= slack_u + slack_v. So a product decides a pair, but for
the few that it leaves too close to the radius, out of half the bytes of two float32 rows. The products
here are sums of float32, of ``width / 256`` terms in each of 256 lanes and then of the lanes: less than
``width / 256 + 256`` roundings of 2^-24, of what by Cauchy-Schwarz is less than 1.01.

Edges join their sets chunk by chunk, by hooking the higher root to the lower one with an atomic minimum (Komura 2015,
"GPU-based cluster-labeling algorithm without the use of conventional iteration"; what another hook has replaced is
joined in turn), so that later candidates within one set by then are no longer looked at. All this is queued on the
device; the host waits once for each list of candidates, to learn which are left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from syndr.search.cuda.features import Features
from syndr.search.cuda.filter_rows import FLOAT32, FilterRows, build_filter_rows, filter_width, float64_error
from syndr.search.cuda.forest import Forest
from syndr.search.cuda.scan import Scan
from syndr.search.cuda.workspace import Workspace

_BLOCK, _LANES, _WARPS = 16, 256, 4  # candidates of a program, columns it reads at a time, and its warps
_CHUNK = 2**18  # candidates decided before sets are joined
_STEP = 31  # of each so many candidates one is decided first
_SHARE = 16  # of the memory limit, that rows of all dimensions may take beside the filter's


class QuickDecisions:
    """Decides candidates of a scan and joins them in a forest, as far as half precision can.

    Args:
        rows: Filter rows of all dimensions, on the device.
        place: (rows,) int64, where each row stands among them.
        dims: Number of dimensions.
        radius: Of the search.
        space: Device and kernels: Triton's.
    """

    def __init__(self, rows: FilterRows, place: Tensor, dims: int, radius: float, space: Workspace) -> None:
        self._rows, self._place, self._space = rows, place, space
        error = float64_error(dims) + 1.02 * (rows.width / _LANES + _LANES + 1) * 2.0**-24 + FLOAT32
        self._low, self._high = 1 - radius - error, 1 - radius + error
        self._counts = torch.zeros(2, dtype=torch.int64, device=space.device)

    def undecided(self, forest: Forest, candidates: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
        """Decide candidates (i, j), (candidates,) int64 each, and give those that are left, many at a time."""
        left, count = [], 0
        for i, j in candidates:
            with self._space.clock.phase("decide"), torch.cuda.device_of(i):  # type: ignore[no-untyped-call]
                # In a dense cluster a few of its pairs join nearly all of it; an odd step meets all rows and columns.
                self._decide(forest, i[::_STEP].contiguous(), j[::_STEP].contiguous())
                chunks = zip(torch.split(i, _CHUNK), torch.split(j, _CHUNK), strict=True)
                verdicts = torch.cat([self._decide(forest, *some) for some in chunks])
                some_left = (verdicts == 3).nonzero()[:, 0]
                left.append((i[some_left], j[some_left]))
            count += len(some_left)
            if count >= _CHUNK:
                yield _together(left)
                left, count = [], 0
        if count:
            yield _together(left)

    def _decide(self, forest: Forest, i: Tensor, j: Tensor) -> Tensor:
        from syndr.search.cuda.join_kernels import decide_kernel, hook_kernel

        rows, block = self._rows, 256
        verdicts = torch.empty(len(i), dtype=torch.int8, device=i.device)
        decide_kernel[(-(-len(i) // _BLOCK),)](
            forest.roots, rows.values, rows.slack, self._place, i, j, verdicts, len(i), rows.width,
            self._low, self._high, BLOCK=_BLOCK, BLOCK_K=_LANES, num_warps=_WARPS,
        )  # fmt: skip
        hook_kernel[(-(-len(i) // block),)](forest.roots, i, j, verdicts, len(i), BLOCK=block, num_warps=4)
        forest.flatten()
        edge = verdicts == 2
        self._counts += torch.stack([((verdicts == 1) | edge).sum(), edge.sum()])
        return verdicts

    def counts(self) -> tuple[int, int]:
        """Give how many candidates were decided, and how many of those were edges."""
        decided, edges = self._counts.tolist()
        return decided, edges


def _together(parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    i, j = (torch.cat(side) for side in zip(*parts, strict=True))
    return i, j


def quick_decisions(features: Features, scan: Scan, radius: float, space: Workspace) -> QuickDecisions | None:
    """Give what decides a scan's candidates quickly, where there are kernels and memory for that."""
    if not space.triton:
        return None
    rows = scan.filter
    if not scan.full:
        size = 2 * len(rows.slack) * filter_width(features.dims)
        if features.tensor is None or _SHARE * size > space.limit:
            return None
        with space.clock.phase("filter rows"):
            rows = build_filter_rows(features, scan.place, None, space)
    return None if rows.on_host else QuickDecisions(rows, scan.place, features.dims, radius, space)
