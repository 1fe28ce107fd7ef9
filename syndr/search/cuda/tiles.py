"""Tiles of products: which pairs of a list of tiles pass the filter, as bits, and the pairs that bits stand for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from syndr.errors import require
from syndr.search.cuda.filter_rows import COLUMN_TILE, DIMS_STEP, ROW_TILE
from syndr.search.cuda.workspace import Workspace

BITS = COLUMN_TILE // 8  # of a word: 32
WORDS = ROW_TILE * 8  # of a tile: eight a row
_GROUP = 8  # row tiles that take turns, so that they and their column tiles stay in the cache


@dataclass(frozen=True)
class Panel:
    """One side of tiles: filter rows from ``start`` on.

    Attributes:
        start: Position of the first row, a multiple of :data:`COLUMN_TILE`.
        values: (rows, width) float16.
        slack: (rows,) float32.
        roots: (rows,) int32, the set each row is in; None when sets do not matter.
    """

    start: int
    values: Tensor
    slack: Tensor
    roots: Tensor | None


@dataclass(frozen=True)
class Tiles:
    """A list of tiles: (count,) int32 numbers of row tiles and of column tiles, counted from position 0."""

    a: Tensor
    b: Tensor

    def __len__(self) -> int:
        return len(self.a)


@dataclass(frozen=True)
class Labels:
    """The label condition on pairs.

    Attributes:
        rows: How many there are; what lies beyond is padding.
        values: (rows,) float64, by position; not read where there is no gap.
        gap: (1,) float64, on the device; None where labels do not matter.
    """

    rows: int
    values: Tensor
    gap: Tensor | None


Positions = tuple[Tensor, Tensor]


def list_tiles(allowed: Tensor, first_a: int, first_b: int) -> Tiles:
    """List the tiles of a (row tiles, column tiles) bool matrix, neighbours in turn."""
    a, b = allowed.nonzero(as_tuple=True)
    turn = torch.argsort((a // _GROUP * allowed.shape[1] + b) * _GROUP + a % _GROUP)
    return Tiles((a[turn] + first_a).int(), (b[turn] + first_b).int())


def hits(left: Panel, right: Panel, tiles: Tiles, bar: float, space: Workspace) -> Tensor:
    """Give a bit for each pair of each tile that the filter lets through and whose rows are not in one set.

    Args:
        left: Holds the rows of the row tiles.
        right: Holds the rows of the column tiles.
        tiles: Which.
        bar: A pair passes when product >= bar - slack - slack, in float32.
        space: Device and kernels.

    Returns:
        (tiles, :data:`WORDS`) int32. Bit q of word 8 r + w is the pair of row r and column 8 q + w of the tile.
    """
    a, b = tiles.a - left.start // ROW_TILE, tiles.b - right.start // COLUMN_TILE
    with space.clock.phase("tiles"):
        return (_triton_hits if space.triton else _torch_hits)(left, right, a, b, bar)


def _triton_hits(left: Panel, right: Panel, a: Tensor, b: Tensor, bar: float) -> Tensor:
    from syndr.search.cuda.kernels import hits_kernel

    words = torch.empty((len(a), WORDS), dtype=torch.int32, device=a.device)
    joined = left.roots is not None
    with torch.cuda.device_of(words):  # type: ignore[no-untyped-call]
        hits_kernel[(len(a),)](
            left.values, right.values, left.slack, right.slack,
            left.roots if joined else a, right.roots if joined else b,  # not read unless joined
            a, b, words, bar, left.values.shape[1],
            JOINED=joined, BLOCK_A=ROW_TILE, BLOCK_B=COLUMN_TILE, BLOCK_K=DIMS_STEP,
            num_warps=8, num_stages=_stages(a.device, left.values.shape[1]),
        )  # fmt: skip
    return words


def _stages(device: torch.device, width: int) -> int:
    """How many steps of a tile's two sides are loaded ahead: as there are and shared memory holds, at most 4."""
    if device.type != "cuda":
        return 2
    step = (ROW_TILE + COLUMN_TILE) * DIMS_STEP * 2
    available = require("triton.runtime", "torch").driver.active.utils.get_device_properties(device.index)
    return max(1, min(4, width // DIMS_STEP, available["max_shared_mem"] // step))


def _torch_hits(left: Panel, right: Panel, a: Tensor, b: Tensor, bar: float) -> Tensor:
    # Products in float64: exact enough whatever a process has set for float32 ones.
    rows, columns = _by_tile(left, ROW_TILE), _by_tile(right, COLUMN_TILE)
    words = torch.empty((len(a), WORDS), dtype=torch.int32, device=a.device)
    shift = torch.arange(BITS, dtype=torch.int32, device=a.device)[:, None]
    for part in torch.split(torch.arange(len(a), device=a.device), 32):
        m, n = a[part].long(), b[part].long()
        product = rows.values[m].double() @ columns.values[n].double().transpose(1, 2)
        hit = product >= (bar - rows.slack[m])[:, :, None] - columns.slack[n][:, None, :]
        if rows.roots is not None and columns.roots is not None:
            hit &= rows.roots[m][:, :, None] != columns.roots[n][:, None, :]
        bits = hit.view(len(part), ROW_TILE, BITS, 8).int() << shift
        words[part] = bits.sum(dim=2, dtype=torch.int32).view(len(part), WORDS)
    return words


def _by_tile(panel: Panel, rows: int) -> Panel:
    roots = None if panel.roots is None else panel.roots.view(-1, rows)
    return Panel(panel.start, panel.values.view(-1, rows, panel.values.shape[1]), panel.slack.view(-1, rows), roots)


def passing_pairs(words: Tensor, tiles: Tiles, labels: Labels, most: int, space: Workspace) -> Iterator[Positions]:
    """Give the positions a < b of the two rows of each hit whose labels are nearer than the gap.

    Args:
        words: What :func:`hits` gave.
        tiles: For which tiles.
        labels: Of all rows, by position.
        most: How many at a time, or as many as one tile holds.
        space: Device and kernels.

    Yields:
        (hits,) int64 and (hits,) int64.
    """
    pairs = (_triton_pairs if space.triton else _torch_pairs)(words, tiles, labels, most)
    while True:
        with space.clock.phase("unpack"):
            some = next(pairs, None)
        if some is None:
            return
        yield some


def _triton_pairs(words: Tensor, tiles: Tiles, labels: Labels, most: int) -> Iterator[Positions]:
    from syndr.search.cuda.join_kernels import list_pairs_kernel

    def launch(part: slice, offsets: Tensor, a: Tensor, b: Tensor, write: bool) -> None:
        with torch.cuda.device_of(words):  # type: ignore[no-untyped-call]
            list_pairs_kernel[(part.stop - part.start,)](
                words[part], tiles.a[part], tiles.b[part], labels.values, gap, labels.rows, offsets, a, b,
                LABELLED=labels.gap is not None, WRITE=write, BLOCK_A=ROW_TILE, BLOCK_B=COLUMN_TILE, num_warps=4,
            )  # fmt: skip

    counts = torch.zeros(len(tiles), dtype=torch.int64, device=words.device)
    gap = counts if labels.gap is None else labels.gap  # not read where there is none
    launch(slice(0, len(tiles)), counts, counts, counts, write=False)
    for part, total in _parts(counts, most):
        a, b = torch.empty(2, total, dtype=torch.int64, device=words.device)
        some = counts[part]
        launch(part, some.cumsum(0) - some, a, b, write=True)
        yield a, b


def _parts(counts: Tensor, most: int) -> Iterator[tuple[slice, int]]:
    """Cut tiles into runs of at most ``most`` pairs, or of one tile; give each run that has any, and its number."""
    ends = counts.cumsum(0).cpu().numpy()
    start, before = 0, 0
    while start < len(ends):
        stop = max(start + 1, int(np.searchsorted(ends, before + most, side="right")))
        total = int(ends[stop - 1]) - before
        if total:
            yield slice(start, stop), total
        start, before = stop, before + total


def _torch_pairs(words: Tensor, tiles: Tiles, labels: Labels, most: int) -> Iterator[Positions]:
    shift = torch.arange(BITS, dtype=torch.int32, device=words.device)
    for some in torch.split(words.view(-1).nonzero()[:, 0], max(1, most // BITS)):
        which, q = ((words.view(-1)[some, None] >> shift) & 1).nonzero(as_tuple=True)
        word = some[which]
        tile, inside = word // WORDS, word % WORDS
        a = tiles.a[tile].long() * ROW_TILE + inside // 8
        b = tiles.b[tile].long() * COLUMN_TILE + 8 * q + inside % 8
        good = a < b
        if labels.gap is not None:
            good &= (labels.values[a] - labels.values[b]).abs() < labels.gap
        yield a[good], b[good]
