"""Pictures kept on a device from epoch to epoch, where the crops of a batch are cut together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import torch
from torch import Tensor

from syndr.images.crops import crop_offsets
from syndr.images.devices import send


@dataclass(frozen=True)
class _Kept:
    """Where a picture lies: its first byte, and its size in pixels."""

    start: int
    height: int
    width: int


class KeptPictures:
    """Pictures by row, side by side in one stretch of a device's memory: the first that come stay, as many as fit.

    On a GPU a crop of each picture of a batch is then one gathering: a call for each would take longer than the model's
    step. Memory is taken with the first picture, for as many of its size as there may be. Threads may
    share it.

    Args:
        most_bytes: Most memory.
        most_pictures: How many there may be.
        device: Where.
    """

    def __init__(self, most_bytes: int, most_pictures: int, device: str) -> None:
        self._most_bytes, self._most_pictures, self._device = most_bytes, most_pictures, device
        self._bytes = torch.empty(0, dtype=torch.uint8)
        self._used = 0
        self._kept: dict[int, _Kept] = {}
        self._lock = Lock()
        self.full = most_bytes < 1  # whether a picture came that there was no room for

    def __contains__(self, row: int) -> bool:
        return row in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, row: int, picture: Tensor) -> None:
        """Keep a row's picture, uint8 (3, H, W), if there is room for it."""
        with self._lock:
            if self.full or row in self._kept:
                return
            if not len(self._bytes):
                room = min(self._most_bytes, picture.numel() * self._most_pictures)
                self._bytes = torch.empty(room, dtype=torch.uint8, device=self._device)
            end = self._used + picture.numel()
            self.full = end > len(self._bytes)
            if not self.full:
                self._bytes[self._used : end] = picture.flatten()
                self._kept[row] = _Kept(self._used, *picture.shape[1:])
                self._used = end

    def picture(self, row: int) -> Tensor:
        """Give a row's picture where it lies: do not change it."""
        kept = self._kept[row]
        return self._bytes[kept.start :][: 3 * kept.height * kept.width].view(3, kept.height, kept.width)

    def has(self, row: int, size: int) -> bool:
        """Say whether a row's picture is kept and need not be enlarged before a square of this side is cut from it."""
        kept = self._kept.get(row)
        return kept is not None and 1 <= size <= min(kept.height, kept.width)

    def crops(self, rows: Sequence[int], size: int, places: Sequence[tuple[float, float] | None]) -> Tensor:
        """Cut a square from each of several pictures that :meth:`has` says yes to.

        Args:
            rows: Their rows.
            size: Side of the squares in pixels.
            places: For each what ``syndr.images.random_crop`` takes, or None for the centre.

        Returns:
            uint8 (rows, 3, size, size), on the device.
        """
        corners = [
            crop_offsets(self._kept[row].height, self._kept[row].width, size, place)
            for row, place in zip(rows, places, strict=True)
        ]
        return (self._cut if self._bytes.is_cpu else self._gathered)(rows, size, corners)

    def _cut(self, rows: Sequence[int], size: int, corners: Sequence[tuple[int, int]]) -> Tensor:
        squares = zip(rows, corners, strict=True)
        return torch.stack([self.picture(row)[:, top:, left:][:, :size, :size] for row, (top, left) in squares])

    def _gathered(self, rows: Sequence[int], size: int, corners: Sequence[tuple[int, int]]) -> Tensor:
        at = []
        for row, (top, left) in zip(rows, corners, strict=True):
            kept = self._kept[row]
            at.append((kept.start + top * kept.width + left, kept.height * kept.width, kept.width))
        first, plane, line = send(torch.tensor(at), self._device).T[:, :, None, None, None]
        along = torch.arange(size, device=self._device)
        channel = torch.arange(3, device=self._device)[:, None, None]
        return self._bytes[first + plane * channel + line * along[:, None] + along]
