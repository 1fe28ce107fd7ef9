"""The k nearest rows of another matrix: float64 products leave few candidates, the deciding distance orders them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from syndr.progress import Progress
from syndr.search.cuda.features import Features
from syndr.search.cuda.filter_rows import float64_error
from syndr.search.cuda.workspace import Workspace


@dataclass(frozen=True)
class Groups:
    """Group numbers, (queries,) and (base,) int64 on the device; rows of one group are passed over."""

    queries: Tensor
    base: Tensor


def nearest(
    queries: Features, base: Features, k: int, groups: Groups | None, space: Workspace, progress: Progress
) -> tuple[Tensor, Tensor]:
    """Give each query's k nearest base rows, ties to the lower row number.

    Products of unit rows are float64 ones, so that what they leave in doubt is 1e-9 wide: a card with slow float64
    units takes its time for large bases.

    Returns:
        Distances (queries, k) float64 ascending, NaN where there are fewer; row numbers (queries, k) int64, -1 there.
    """
    distances = torch.full((len(queries), k), torch.nan, dtype=torch.float64, device=space.device)
    found = torch.full((len(queries), k), -1, dtype=torch.int64, device=space.device)
    size = min(2**12, space.rows(16, 3 * 8 * queries.dims))
    block = max(1, min(2**15, space.rows(16, 3 * 8 * base.dims), space.rows(64, 8 * size)))
    progress("nearest", 0, len(queries))
    for start, unit in queries.unit_blocks(size):
        rows = slice(start, start + len(unit))
        search = _Block(queries, base, start, unit, None if groups is None else groups.queries[rows], groups, block)
        bar = search.kth_product(k) - 2 * float64_error(base.dims)
        search.collect(bar, distances[rows], found[rows])
        progress("nearest", rows.stop, len(queries))
    return distances, found


@dataclass(frozen=True)
class _Block:
    """Some queries against all of the base, ``size`` base rows at a time."""

    queries: Features
    base: Features
    start: int
    unit: Tensor
    own: Tensor | None
    groups: Groups | None
    size: int

    def kth_product(self, k: int) -> Tensor:
        """Give each query's k-th largest product, -inf where there are fewer: (queries, 1)."""
        best = torch.full((len(self.unit), k), -torch.inf, dtype=torch.float64, device=self.unit.device)
        for start, unit in self.base.unit_blocks(self.size):
            products = self._products(start, unit)
            best = torch.cat([best, products.topk(min(k, len(unit)), dim=1).values], dim=1).topk(k, dim=1).values
        return best[:, -1:]

    def collect(self, bar: Tensor, distances: Tensor, found: Tensor) -> None:
        """Decide all pairs whose product reaches the query's bar, and keep the nearest in the given tensors."""
        for start, unit in self.base.unit_blocks(self.size):
            products = self._products(start, unit)
            query, row = ((products >= bar) & (products > -torch.inf)).nonzero(as_tuple=True)
            row = row + start
            exact = self.queries.distances(query + self.start, self.base, row)
            kept = (found >= 0).nonzero(as_tuple=True)
            _keep_nearest(
                torch.cat([kept[0], query]), torch.cat([distances[kept], exact]), torch.cat([found[kept], row]),
                distances, found,
            )  # fmt: skip

    def _products(self, start: int, unit: Tensor) -> Tensor:
        products = self.unit @ unit.T
        if self.groups is not None and self.own is not None:
            same = self.own[:, None] == self.groups.base[None, start : start + len(unit)]
            products.masked_fill_(same, -torch.inf)
        return products


def _keep_nearest(query: Tensor, distance: Tensor, row: Tensor, distances: Tensor, found: Tensor) -> None:
    """Write each query's nearest rows into ``distances`` and ``found``, both (queries, k)."""
    turn = torch.argsort(row)
    turn = turn[torch.argsort(distance[turn], stable=True)]
    turn = turn[torch.argsort(query[turn], stable=True)]
    query, distance, row = query[turn], distance[turn], row[turn]
    count = torch.bincount(query, minlength=len(found))
    rank = torch.arange(len(query), device=query.device) - (count.cumsum(0) - count)[query]
    first = rank < found.shape[1]
    distances[query[first], rank[first]] = distance[first]
    found[query[first], rank[first]] = row[first]
