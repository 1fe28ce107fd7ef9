"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import csv
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, time
from pathlib import Path
from typing import IO, Any

from syndr.errors import StoreError

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# In the names of temporary files, so that those of a killed process can be told from others.
_UNFINISHED = ".unfinished-"


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place when the block ends well.

    The temporary file has the same suffix (writers choose formats by it), is flushed to the disk before
    the rename, and is removed when the block raises, Ctrl-C included.

    Args:
        path: The file to be written; its folder is made when absent.

    Yields:
        The temporary path to write to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}{_UNFINISHED}", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        # mkstemp makes private files; a result should have the permissions any other new file has.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_unfinished(path: Path) -> bool:
    """Tell whether a file is what a writer that was killed has left."""
    return path.name.startswith(".") and _UNFINISHED in path.name


def remove_unfinished(folder: str | Path) -> None:
    """Remove what writers that were killed have left in a folder and below; nobody else may write there meanwhile."""
    for path in Path(folder).rglob(f".*{_UNFINISHED}*"):
        path.unlink()


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def plain(value: Any) -> Any:
    """Give a value as JSON can hold it: NumPy scalars unwrapped, times as text, null for NaN and infinity."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path: str | Path, value: Any) -> None:
    """Write a value as JSON (see :func:`plain`), whole or not at all."""
    write_text(path, json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON object that :func:`write_json` wrote.

    Raises:
        StoreError: When it is not one.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}; delete it to have it made again") from error
    if not isinstance(value, dict):
        raise StoreError(f"{path} is not a record of a run; delete it to have it made again")
    return value


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes that lock the same folder away; a process that ends, however, lets go.

    Args:
        folder: An existing folder; the file ``.lock`` in it carries the lock, and stays.

    Raises:
        StoreError: When another process has it.
    """
    with (folder / ".lock").open("a") as file:
        try:
            _lock(file)
        except (BlockingIOError, PermissionError) as error:  # POSIX's and Windows' word for a lock that is taken
            raise StoreError(f"{folder}: another process is writing there; wait for it, or stop it") from error
        yield


def write_rows(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write records of equal keys as CSV, whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
