"""Feature rows as the device reaches them: resident there, or streamed from the host block by block."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from syndr import _native
from syndr.errors import InputError
from syndr.search.cuda.distances import cosine_distances, dots
from syndr.search.cuda.workspace import Workspace
from syndr.search.rows import BFLOAT16, Rows
from syndr.threads import default_threads

_DTYPES = {
    np.dtype(np.float16): torch.float16,
    np.dtype(np.float32): torch.float32,
    np.dtype(np.float64): torch.float64,
    BFLOAT16: torch.bfloat16,
}
_STAGING = 2**26  # bytes of one pinned buffer


class Features:
    """Rows of one matrix; a tensor on the device stays where it is, an array is copied there when it fits.

    Args:
        rows: Good rows; ``features`` is an array, or a tensor on the workspace's device.
        space: Device and memory; an array takes up to half of the limit.

    Attributes:
        lengths: (rows,) float64 Euclidean norms, on the device.
        dims: Number of columns.
        resident: Whether the features lie on the device as a whole.
    """

    def __init__(self, rows: Rows, space: Workspace) -> None:
        self._space = space
        self._norms = rows.norms
        # NumPy's square root is correctly rounded, as the native core's is; torch's need not be.
        self.lengths = torch.from_numpy(np.sqrt(rows.norms)).to(space.device)
        self.dims = int(rows.features.shape[1])
        self._tensor: Tensor | None = None
        self._array: npt.NDArray[Any] | None = None
        features: Any = rows.features
        if isinstance(features, Tensor):
            if features.device != space.device:
                raise InputError(f"the features lie on {features.device}, the search runs on {space.device}; move them")
            self._tensor = features if features.stride(1) == 1 else features.contiguous()
            return
        self._array = features
        self._dtype = _DTYPES[features.dtype]
        # What is copied: NumPy and torch do not know each other's bfloat16, but both know its bits.
        self._bits: npt.NDArray[Any] = features.view(np.int16) if features.dtype == BFLOAT16 else features
        if 2 * features.nbytes <= space.limit:
            with space.clock.phase("upload"):
                self._tensor = torch.empty(features.shape, dtype=self._dtype, device=space.device)
                for start, block in self._uploads(_STAGING // (self.dims * features.itemsize) + 1):
                    self._tensor[start : start + len(block)] = block

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def resident(self) -> bool:
        """Whether the features lie on the device as a whole."""
        return self._tensor is not None

    @property
    def tensor(self) -> Tensor | None:
        """The features on the device, elements of a row side by side; None where they are streamed."""
        return self._tensor

    def unit_blocks(self, size: int) -> Iterator[tuple[int, Tensor]]:
        """Give the rows scaled to unit length, (at most ``size``, dims) float64 at a time, with their first number."""
        for start, block in self._blocks(size):
            yield start, self._unit(block, self.lengths[start : start + len(block)])

    def unit_rows(self, chosen: npt.NDArray[np.int64]) -> Tensor:
        """Give some rows scaled to unit length: (chosen, dims) float64."""
        where = torch.from_numpy(chosen).to(self._space.device)
        if self._tensor is not None:
            return self._unit(self._tensor[where], self.lengths[where])
        some = torch.from_numpy(self._bits[chosen]).to(self._space.device)
        return self._unit(some.view(self._dtype), self.lengths[where])

    def distances(self, i: Tensor, other: Features, j: Tensor) -> Tensor:
        """Give the deciding distance between rows ``i`` here and rows ``j`` there: (pairs,) float64, on the device."""
        if self._tensor is not None and other._tensor is not None:
            with self._space.clock.phase("decide"):
                dot = dots(self._tensor, i, other._tensor, j, self._space)
                return cosine_distances(dot, self.lengths[i], other.lengths[j])
        with self._space.clock.phase("decide on the host"):
            return _native_distances(self._on_host(i), other._on_host(j)).to(self._space.device)

    def _unit(self, block: Tensor, lengths: Tensor) -> Tensor:
        return block.double() / lengths[:, None]

    def _blocks(self, size: int) -> Iterator[tuple[int, Tensor]]:
        if self._tensor is None:
            yield from self._uploads(size)
            return
        for start in range(0, len(self), size):
            yield start, self._tensor[start : start + size]

    def _uploads(self, size: int) -> Iterator[tuple[int, Tensor]]:
        """Copy block after block to the device, the host reading one while the last is under way."""
        device = self._space.device
        if device.type != "cuda":
            for start in range(0, len(self), size):
                yield start, torch.from_numpy(np.array(self._bits[start : start + size], order="C")).view(self._dtype)
            return
        size = min(size, len(self))
        buffers = [torch.empty((size, self.dims), dtype=self._dtype, pin_memory=True) for _ in range(2)]
        as_bits = [buffer.view(torch.int16) if self._dtype == torch.bfloat16 else buffer for buffer in buffers]
        copied = [torch.cuda.Event() for _ in range(2)]  # type: ignore[no-untyped-call]
        for turn, start in enumerate(range(0, len(self), size)):
            buffer, done = buffers[turn % 2], copied[turn % 2]
            done.synchronize()  # what this buffer last held has arrived
            rows = self._bits[start : start + size]
            np.copyto(as_bits[turn % 2][: len(rows)].numpy(), rows)
            block = buffer[: len(rows)].to(device, non_blocking=True)
            done.record(torch.cuda.current_stream(device))
            yield start, block

    def _on_host(self, rows: Tensor) -> _HostRows:
        chosen = rows.cpu().numpy()
        if self._array is not None:
            return self._array, self._norms, chosen
        assert self._tensor is not None
        some, place = torch.unique(rows, return_inverse=True)
        values = self._tensor[some].cpu()
        # Widening bfloat16 is exact, so the distance is the same.
        array = (values.float() if values.dtype == torch.bfloat16 else values).numpy()
        return array, self._norms[some.cpu().numpy()], place.cpu().numpy()


_HostRows = tuple[npt.NDArray[Any], npt.NDArray[np.float64], npt.NDArray[np.int64]]


def _native_distances(first: _HostRows, second: _HostRows) -> Tensor:
    (a, norms_a, i), (b, norms_b, j) = first, second
    threads = min(default_threads(), len(i) // 1024 + 1)
    with ThreadPoolExecutor(threads) as pool:
        parts = pool.map(
            lambda some_i, some_j: _native.pair_distances(a, norms_a, b, norms_b, some_i, some_j),
            np.array_split(i, threads),
            np.array_split(j, threads),
        )
    return torch.from_numpy(np.concatenate(list(parts)))
