"""Several arrays read as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]


class ShardedArray:
    """A read-only matrix whose rows lie in several arrays, one after the other.

    Indexing gives NumPy arrays: a row, or a slice that lies within one shard, is a view; what crosses shards or picks
    rows is gathered into a new array. ``np.asarray`` gives the whole: a view when there is one shard, else a copy in
    memory. :meth:`blocks` goes through any number of rows without copying.

    Args:
        shards: Matrices of one dtype and width; at least one.

    Attributes:
        shape: (rows, dims).
        dtype: Of every shard.
    """

    ndim = 2

    def __init__(self, shards: Sequence[Array]) -> None:
        self._shards = list(shards)
        self._ends = np.cumsum([len(shard) for shard in shards])
        self.shape = (int(self._ends[-1]), shards[0].shape[1])
        self.dtype = shards[0].dtype

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def nbytes(self) -> int:
        """Number of bytes of all rows."""
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    def blocks(self, rows: int) -> Iterator[tuple[int, Array]]:
        """Yield all rows in order as views of at most ``rows`` rows, each with the number of its first row."""
        for end, shard in zip(self._ends, self._shards, strict=True):
            first = int(end) - len(shard)
            for start in range(0, len(shard), rows):
                yield first + start, shard[start : start + rows]

    def __getitem__(self, key: Any) -> Any:
        """Index as a NumPy matrix would be; see the class."""
        if isinstance(key, tuple):
            rows, *rest = key
            found = self[rows]
            return found[(*rest,)] if np.ndim(found) == 1 else found[(slice(None), *rest)]
        if isinstance(key, int | np.integer):
            row = range(len(self))[key]
            shard = int(np.searchsorted(self._ends, row, side="right"))
            return self._shards[shard][row - int(self._ends[shard])]
        if isinstance(key, slice):
            return self._slice(range(len(self))[key])
        rows = np.asarray(key)
        if rows.dtype == bool:
            if rows.shape != (len(self),):
                raise IndexError(f"a mask of shape {rows.shape} does not fit {len(self)} rows")
            rows = np.flatnonzero(rows)
        if not rows.size:
            rows = rows.astype(np.int64)
        return self._gather(rows)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        if len(self._shards) == 1:
            if copy is None:  # which NumPy 1 says by leaving it out, and does not take
                return np.asanyarray(self._shards[0], dtype)
            return np.array(self._shards[0], dtype, copy=copy, subok=True)
        if copy is False:
            raise ValueError("features in several shards cannot be one array without a copy; go through .blocks()")
        return np.concatenate(self._shards, dtype=dtype, casting="unsafe")

    def __repr__(self) -> str:
        return f"ShardedArray(shape={self.shape}, dtype={self.dtype}, shards={len(self._shards)})"

    def _slice(self, rows: range) -> Array:
        if not rows:
            return self._shards[0][:0]
        low, high = sorted((rows[0], rows[-1]))
        first, last = np.searchsorted(self._ends, [low, high], side="right")
        begin = int(self._ends[first]) - len(self._shards[first])
        if first == last:
            # A walk backwards to row 0 ends before it: None, as -1 would mean the last row.
            stop = rows[-1] - begin + (1 if rows.step > 0 else -1)
            return self._shards[first][rows[0] - begin : None if stop < 0 else stop : rows.step]
        return self._gather(np.arange(rows.start, rows.stop, rows.step))

    def _gather(self, rows: npt.NDArray[np.integer]) -> Array:
        if rows.dtype.kind not in "iu" or rows.ndim != 1:
            raise IndexError(f"rows are picked by a list of whole numbers, not {rows.dtype} {rows.shape}")
        rows = rows.astype(np.int64)
        outside = (rows < -len(self)) | (rows >= len(self))
        if outside.any():
            raise IndexError(f"row {rows[outside][0]} is not among {len(self)} rows")
        rows = np.where(rows < 0, rows + len(self), rows)
        found = np.empty((len(rows), self.shape[1]), self.dtype)
        # In the files' order, so that pages are read once and forwards.
        order = np.argsort(rows, kind="stable")
        cuts = np.searchsorted(rows[order], self._ends)
        start = 0
        for cut, end, shard in zip(cuts, self._ends, self._shards, strict=True):
            mine = order[start:cut]
            found[mine] = shard[rows[mine] - (int(end) - len(shard))]
            start = int(cut)
        return found
