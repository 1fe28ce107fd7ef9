"""One pass over all tiles that can hold a pair: candidates in original row numbers, band by band."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from syndr.progress import Progress
from syndr.search.cuda.features import Features
from syndr.search.cuda.filter_rows import COLUMN_TILE, ROW_TILE, build_filter_rows
from syndr.search.cuda.principal import choose_basis
from syndr.search.cuda.tiles import Labels, Panel, hits, list_tiles, passing_pairs
from syndr.search.cuda.workspace import Workspace
from syndr.search.protocol import LabelGap

_LARGEST_PANEL = 2**17  # rows: the bits of two panels' pairs take 2 GiB
_SMALLEST_PART, _LARGEST_PART = 2**15, 2**22  # candidates unpacked at a time


@dataclass(frozen=True)
class _Band:
    """Tiles multiplied in one go: those of the rows of two panels, near the diagonal or away from it.

    The tiles around the diagonal come first where sets are joined: they make a run of alike rows one set before the
    other tiles, which then can be skipped, are multiplied.
    """

    left: tuple[int, int]
    right: tuple[int, int]
    near: bool | None  # None: both


class Scan:
    """Filter rows in label order, and the tiles they make.

    Args:
        features: The rows.
        radius: Of the search.
        gap: The label condition, or None.
        dims: Width of the filter rows (see :func:`choose_basis`).
        space: Device, memory and kernels.

    Attributes:
        place: (rows,) int64, where each row stands in label order.
        filter: The filter rows.
        full: Whether they keep all dimensions.
        report: What was done, by name.
    """

    def __init__(
        self, features: Features, radius: float, gap: LabelGap | None, dims: int | None, space: Workspace
    ) -> None:
        self._space, self._rows, self._gap = space, len(features), gap
        self._labels: Tensor | None = None
        self._order = torch.arange(self._rows, device=space.device)
        if gap is not None:
            labels = torch.tensor(gap.labels, dtype=torch.float64, device=space.device)
            self._labels, self._order = torch.sort(labels, stable=True)
        limit = None if gap is None else torch.tensor([gap.gap], dtype=torch.float64, device=space.device)
        self._condition = Labels(self._rows, self._order if self._labels is None else self._labels, limit)
        self.place = torch.empty_like(self._order)
        self.place[self._order] = torch.arange(self._rows, device=space.device)
        with space.clock.phase("choose dims"):
            choice = choose_basis(features, radius, self._pairs_within_gap(), dims, space)
        with space.clock.phase("filter rows"):
            self.filter = build_filter_rows(features, self.place, choice.basis, space)
        self.full = choice.basis is None
        self._bar = 1 - radius - self.filter.error
        self.report: dict[str, Any] = {
            "mode": "full product" if self.full else "principal directions",
            "reason": choice.reason,
            "dims": features.dims,
            "dims_kept": features.dims if choice.basis is None else choice.basis.shape[1],
            "width": self.filter.width,
            "features_on_device": features.resident,
            "filter_rows_on_device": not self.filter.on_host,
            "tiles": 0, "tiles_multiplied": 0, "tiles_skipped_by_label": 0, "tiles_skipped_as_joined": 0,
            "candidates": 0,
        }  # fmt: skip

    def candidates(
        self, stage: str, progress: Progress, roots: Callable[[], Tensor] | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Give every pair that may be an edge once: (pairs,) int64 row numbers i < j, on the device.

        Args:
            stage: What to call it in the progress.
            progress: Told after each band.
            roots: Gives the set each row is in now, (rows,) int64; pairs within one set are left out. They are asked
                for before each band.
        """
        bands = self._bands(joining=roots is not None)
        for done, band in enumerate(bands):
            progress(stage, done, len(bands))
            yield from self._within(band, None if roots is None else roots())
        progress(stage, len(bands), len(bands))

    def _bands(self, joining: bool) -> list[_Band]:
        padded = len(self.filter.slack)
        size = self._panel_rows()
        panels = [(start, min(start + size, padded)) for start in range(0, padded, size)]
        # One tile beyond the panel, so that neighbours in different panels meet as well.
        near = [_Band((start, stop), (start, min(stop + COLUMN_TILE, padded)), True) for start, stop in panels]
        away = False if joining else None
        # Panels in order of their distance in label: what is likely to join comes first.
        rest = [
            _Band(panels[p], panels[p + apart], away)
            for apart in range(len(panels))
            for p in range(len(panels) - apart)
        ]
        return (near if joining else []) + rest

    def _panel_rows(self) -> int:
        rows = min(_LARGEST_PANEL, math.isqrt(self._space.limit // 2))  # rows^2 / 8 bytes of bits
        if self.filter.on_host:
            rows = min(rows, self._space.rows(4, 2 * 2 * self.filter.width))
        return max(1, rows // COLUMN_TILE) * COLUMN_TILE

    def _within(self, band: _Band, roots: Tensor | None) -> Iterator[tuple[Tensor, Tensor]]:
        device = self._space.device
        first_a, first_b = band.left[0] // ROW_TILE, band.right[0] // COLUMN_TILE
        # A last row tile of padding alone holds no pair.
        last_a = min(band.left[1] // ROW_TILE, -(-self._rows // ROW_TILE))
        a = torch.arange(first_a, last_a, device=device)[:, None]
        b = torch.arange(first_b, band.right[1] // COLUMN_TILE, device=device)[None, :]
        upper = b - a // 2  # how many column tiles above the diagonal; below it pairs would come twice
        allowed = upper >= 0 if band.near is None else (upper >= 0) & (upper <= 1) if band.near else upper > 1
        counts = [allowed.sum()]
        if self._labels is not None:
            allowed = allowed & self._labels_meet(self._labels, a, b)
        counts.append(allowed.sum())
        by_place = None
        if roots is not None:
            by_place = self._padded(roots[self._order].int())
            allowed = allowed & ~_joined(by_place, a, b)
        counts.append(allowed.sum())
        all_tiles, meeting, left_over = torch.stack(counts).tolist()
        self._count(tiles=all_tiles, tiles_skipped_by_label=all_tiles - meeting, tiles_multiplied=left_over,
                    tiles_skipped_as_joined=meeting - left_over)  # fmt: skip
        if left_over == 0:
            return
        tiles = list_tiles(allowed, first_a, first_b)
        left, right = self._panel(band.left, by_place), self._panel(band.right, by_place)
        words = hits(left, right, tiles, self._bar, self._space)
        # A pair takes 128 bytes, its temporaries included.
        most = max(_SMALLEST_PART, min(_LARGEST_PART, self._space.rows(8, 128)))
        for positions in passing_pairs(words, tiles, self._condition, most, self._space):
            first, second = (self._order[part] for part in positions)
            self._count(candidates=len(first))
            yield torch.minimum(first, second), torch.maximum(first, second)

    def _labels_meet(self, labels: Tensor, a: Tensor, b: Tensor) -> Tensor:
        """Whether the label intervals of two tiles come nearer than the gap; rounding keeps differences in order."""
        assert self._gap is not None
        last = self._rows - 1
        highest_of_a = labels[((a + 1) * ROW_TILE - 1).clamp_max(last)]
        lowest_of_b = labels[(b * COLUMN_TILE).clamp_max(last)]
        return lowest_of_b - highest_of_a < self._gap.gap

    def _padded(self, by_place: Tensor) -> Tensor:
        """Repeat the last row's value for the padding, which so never spoils a tile of one set."""
        missing = len(self.filter.slack) - len(by_place)
        return torch.cat([by_place, by_place[-1:].expand(missing)])

    def _panel(self, rows: tuple[int, int], by_place: Tensor | None) -> Panel:
        start, stop = rows
        values = self.filter.panel(start, stop)
        return Panel(start, values, self.filter.slack[start:stop], None if by_place is None else by_place[start:stop])

    def _pairs_within_gap(self) -> float:
        if self._labels is None or self._gap is None:
            return self._rows * (self._rows - 1) / 2
        ends = torch.searchsorted(self._labels, self._labels + self._gap.gap)
        return float((ends - torch.arange(1, self._rows + 1, device=ends.device)).clamp_min(0).sum())

    def _count(self, **more: int) -> None:
        for name, value in more.items():
            self.report[name] += value


def _joined(by_place: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Whether all rows of two tiles are in one set."""
    a_low, a_high = by_place.view(-1, ROW_TILE).aminmax(dim=1)
    b_low, b_high = by_place.view(-1, COLUMN_TILE).aminmax(dim=1)
    return (a_low[a] == b_high[b]) & (a_high[a] == b_low[b]) & (a_low[a] == a_high[a])


def achieved_tflops(report: dict[str, Any], seconds: float) -> float:
    """Give the rate of the tile products: two operations for each multiply-add, padding included."""
    operations = 2.0 * report["tiles_multiplied"] * ROW_TILE * COLUMN_TILE * report["width"]
    return operations / seconds / 1e12 if seconds else 0.0
