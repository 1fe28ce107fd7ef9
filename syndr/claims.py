"""What compressed files claim to hold, checked before memory is spent on it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow.parquet

from syndr.errors import InputError

# What is below these is read whatever its file's size. Ordinary archives hold 2 to 10 times their size, and a table
# with an id of its own in each row has not a hundred rows in a byte.
_MOST_BYTES, _BYTES_PER_BYTE = 1 << 30, 100
_MOST_ROWS, _ROWS_PER_BYTE = 1_000_000, 100


def check_archive(path: Path) -> None:
    """Refuse a zip archive (``.npz``, ``.xlsx``) that would unpack to an absurd multiple of its size.

    Raises:
        InputError: When it would.
        zipfile.BadZipFile, OSError: When it is no such archive.
    """
    with zipfile.ZipFile(path) as archive:
        total = sum(info.file_size for info in archive.infolist())
    size = path.stat().st_size
    if total > max(_MOST_BYTES, _BYTES_PER_BYTE * size):
        raise InputError(
            f"{path}: its {size:,} bytes would unpack to {total:,} bytes; if that is right, save it uncompressed"
        )


def check_parquet(path: Path) -> None:
    """Refuse a Parquet file that claims an absurd number of rows for its size.

    Raises:
        InputError: When it does.
        OSError, pyarrow.ArrowException: When it is no such file.
    """
    rows, size = pyarrow.parquet.read_metadata(path).num_rows, path.stat().st_size
    if rows > max(_MOST_ROWS, _ROWS_PER_BYTE * size):
        raise InputError(f"{path}: claims {rows:,} rows in {size:,} bytes; a table with ids of its rows cannot be it")
