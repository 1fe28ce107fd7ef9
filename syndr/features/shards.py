"""The files that hold feature rows: ``.npy``, written row by row, finished by their header."""

from __future__ import annotations

import hashlib
import os
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from syndr.errors import StoreError
from syndr.features.manifest import Shard

#: A shard is closed once it has this many bytes of features: few enough files, yet none is rewritten for an append.
SHARD_BYTES = 1 << 30

_READ_BYTES = 1 << 22


def shard_name(number: int) -> str:
    """Give the file name of a store's shard."""
    return f"features-{number:05}.npy"


class ShardFile:
    """A shard that grows; opening goes on with a file that is there, behind the rows given.

    Attributes:
        rows: Rows written so far.
    """

    def __init__(self, path: Path, dims: int, dtype: npt.DTypeLike, rows: int = 0) -> None:
        """Open the file for writing behind its first ``rows`` rows; whatever follows them is cut off."""
        self.path, self.rows = path, rows
        self._dims, self._dtype = dims, np.dtype(dtype)
        # Unbuffered: a failed write must not come back when the file is closed.
        self._file: BinaryIO = path.open("r+b" if rows else "wb", buffering=0)  # type: ignore[assignment]
        if not rows:
            self._write_header(0)
        self.header_bytes = header_bytes(dims, dtype)
        end = self.header_bytes + rows * row_bytes(dims, dtype)
        self._file.truncate(end)
        self._file.seek(end)

    @property
    def bytes(self) -> int:
        """Bytes of the rows written so far."""
        return self.rows * row_bytes(self._dims, self._dtype)

    def write(self, rows: npt.NDArray[np.floating]) -> memoryview:
        """Append rows, converted to the shard's dtype; gives the bytes that were written.

        Raises:
            StoreError: When a finite value is too large for the dtype.
        """
        with np.errstate(over="ignore"):
            converted = np.ascontiguousarray(rows, self._dtype)
        if self._dtype.itemsize < rows.dtype.itemsize and (np.isinf(converted) & np.isfinite(rows)).any():
            raise StoreError(
                f"{self.path}: a feature of {np.abs(rows[np.isfinite(rows)]).max():g} is too large for {self._dtype}; "
                "store float32"
            )
        data = converted.reshape(-1).view(np.uint8).data
        _write_all(self._file, data)
        self.rows += len(rows)
        return data

    def finish(self) -> None:
        """Complete the header, bring everything to the disk, and close."""
        self._file.seek(0)
        self._write_header(self.rows)
        os.fsync(self._file.fileno())
        self._file.close()

    def close(self) -> None:
        """Close without completing; what was written stays."""
        self._file.close()

    def _write_header(self, rows: int) -> None:
        _write_all(self._file, memoryview(_header(rows, self._dims, self._dtype)))


def row_bytes(dims: int, dtype: npt.DTypeLike) -> int:
    """Give the bytes of a row."""
    return dims * np.dtype(dtype).itemsize


def header_bytes(dims: int, dtype: npt.DTypeLike) -> int:
    """Give the length of a shard's header; NumPy pads it so that it does not depend on the number of rows."""
    return len(_header(0, dims, dtype))


def recorded(path: Path, rows: int) -> Shard:
    """Describe a finished shard for the manifest; reads the whole file."""
    return Shard(file=path.name, rows=rows, sha256=file_hash(path))


def file_hash(path: Path) -> str:
    """Give the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def map_array(path: Path) -> npt.NDArray[Any]:
    """Map an ``.npy`` file read-only: nothing is allocated that its header only claims, and nothing unpickled.

    Raises:
        OSError, ValueError, EOFError: When it is absent, damaged, or shorter than its header says.
    """
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (SyntaxError, OverflowError, TypeError, MemoryError, RecursionError, tokenize.TokenError) as error:
        raise ValueError(f"its header is damaged: {error}") from error
    if not isinstance(mapped, np.ndarray):  # a zip archive by another name
        mapped.close()
        raise ValueError("it is an archive of arrays, not one array; name it .npz")
    return mapped


def stored_rows(path: Path, dims: int, dtype: npt.DTypeLike, counts: list[int]) -> Iterator[bytes]:
    """Yield the bytes of consecutive groups of rows of a shard that is being written; shorter where it ends."""
    with path.open("rb") as file:
        file.seek(header_bytes(dims, dtype))
        for count in counts:
            yield file.read(count * row_bytes(dims, dtype))


def _header(rows: int, dims: int, dtype: npt.DTypeLike) -> bytes:
    from io import BytesIO

    buffer = BytesIO()
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": (rows, dims)}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue()


def _write_all(file: BinaryIO, data: memoryview) -> None:
    while data:
        data = data[file.write(data) :]
