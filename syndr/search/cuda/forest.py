"""Connected components on the device, kept as roots while edges come in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

_AT_ONCE = 2**14  # candidates decided without looking for those that matter most
_ROUNDS = 4  # of looking for them
_CHUNK = 2**20  # decided before looking again which are within one set by now


class Forest:
    """Sets of rows under edges; each row's root is its set's lowest row.

    Edges are joined by hooking the higher root to the lowest root an edge leads to and shortening all paths, again and
    again until no edge leads from one set to another (direct-root-connect of Liu and Tarjan 2022, "Simple concurrent
    connected components algorithms": O(log^2 rows) rounds).

    Args:
        rows: How many.
        device: Where to keep them.

    Attributes:
        roots: (rows,) int64.
    """

    def __init__(self, rows: int, device: torch.device) -> None:
        self.roots = torch.arange(rows, device=device)

    def join(self, i: Tensor, j: Tensor) -> None:
        """Join the sets of the ends of edges (i, j), (edges,) int64 each."""
        while len(i):
            low = torch.minimum(self.roots[i], self.roots[j])
            high = torch.maximum(self.roots[i], self.roots[j])
            apart = low != high
            i, j, low, high = i[apart], j[apart], low[apart], high[apart]
            self.roots.scatter_reduce_(0, high, low, "amin")
            while not torch.equal(shorter := self.roots[self.roots], self.roots):
                self.roots = shorter

    def flatten(self) -> None:
        """Point every row to its root again, after a Triton kernel has hooked roots to others."""
        from syndr.search.cuda.join_kernels import flatten_kernel

        block = 1024
        flatten_kernel[(-(-len(self.roots) // block),)](self.roots, len(self.roots), BLOCK=block, num_warps=4)

    def absorb(self, i: Tensor, j: Tensor, edges: Callable[[Tensor, Tensor], Tensor]) -> tuple[int, int]:
        """Join along those candidates that are edges, deciding as few of them as it can.

        Of many candidates, first those are decided that are some row's first: in a dense cluster those join nearly
        everything, and what is left lies within one set.

        Args:
            i: (candidates,) int64 rows.
            j: (candidates,) int64 rows.
            edges: Tells which of some candidates are edges.

        Returns:
            How many candidates were decided, and how many of those were edges.
        """
        decided = found = 0
        for round_ in range(_ROUNDS + 1):
            apart = self.roots[i] != self.roots[j]
            i, j = i[apart], j[apart]
            if len(i) <= _AT_ONCE or round_ == _ROUNDS:
                break
            first = torch.zeros_like(i, dtype=torch.bool)
            first[_first_of_each(i, len(self.roots))] = True
            first[_first_of_each(j, len(self.roots))] = True
            some_i, some_j = i[first], j[first]
            true = edges(some_i, some_j)
            self.join(some_i[true], some_j[true])
            decided, found = decided + len(some_i), found + int(true.sum())
            i, j = i[~first], j[~first]
        for some_i, some_j in zip(torch.split(i, _CHUNK), torch.split(j, _CHUNK), strict=True):
            apart = self.roots[some_i] != self.roots[some_j]
            some_i, some_j = some_i[apart], some_j[apart]
            true = edges(some_i, some_j)
            self.join(some_i[true], some_j[true])
            decided, found = decided + len(some_i), found + int(true.sum())
        return decided, found

    def numbered(self) -> npt.NDArray[np.int64]:
        """Give each row's set, numbered by first member: (rows,) int64."""
        # Roots are first members, so their order is the numbers' order.
        return torch.unique(self.roots, return_inverse=True)[1].cpu().numpy()


def _first_of_each(i: Tensor, rows: int) -> Tensor:
    """Give the position of each row's first occurrence."""
    first = torch.full((rows,), len(i), dtype=torch.int64, device=i.device)
    first.scatter_reduce_(0, i, torch.arange(len(i), device=i.device), "amin")
    return first[first < len(i)]
