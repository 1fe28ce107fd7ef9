"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import csv
import errno
import json
import math
import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, time
from pathlib import Path
from typing import Any

from syndr.errors import StoreError
from syndr.locks import is_at, take

#: In the names of temporary files and folders, so that those of a killed process can be told from others.
UNFINISHED = ".unfinished-"


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place when the block ends well.

    The temporary file has the same suffix (writers choose formats by it), is flushed to the disk before
    the rename, and is removed when the block raises, Ctrl-C included; what a killed writer leaves, the next one of the
    same file removes.

    Args:
        path: The file to be written; its folder is made when absent.

    Yields:
        The temporary path to write to.

    Raises:
        StoreError: When the disk is full.
    """
    path = Path(path)
    with full_disk_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _own_file(path) as temporary:
            try:
                yield temporary
                with temporary.open("rb+") as file:
                    os.fsync(file.fileno())
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise


@contextmanager
def _own_file(path: Path) -> Iterator[Path]:
    """Make an empty file beside ``path`` that this writer alone has for the block.

    Its name depends on ``path`` alone, and its writer holds a lock: so the next finds what a killed one has left, and
    removes it. Who writes at the same time gets a name of its own.
    """
    own = path.with_name(f".{path.stem}{UNFINISHED}file{path.suffix}")
    handle = _create_or_inherit(own)
    if handle is None:
        own = own.with_stem(f"{own.stem}-{secrets.token_hex(4)}")
        handle = _create(own)
    if sys.platform == "win32":  # where a file that is open cannot be renamed
        os.close(handle)
        yield own
        return
    try:
        yield own
    finally:
        os.close(handle)


def _create_or_inherit(path: Path) -> int | None:
    """Create a file and lock it, in the place of one whose writer is dead; None when somebody else has it.

    Only who has the lock of the file that is there removes it: else it might be another's by then.
    """
    if sys.platform == "win32":
        return None
    _remove_if_left(path)
    try:
        handle = _create(path)
    except FileExistsError:
        return None
    try:
        take(handle)
        if is_at(handle, path):
            return handle
    except BlockingIOError:  # somebody takes it for a dead one's, and removes it
        pass
    except OSError:  # a file system without locks, where nobody else can do so
        path.unlink(missing_ok=True)
    os.close(handle)
    return None


def _remove_if_left(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # mostly: there is none
        return
    try:
        take(handle)
        if is_at(handle, path):
            path.unlink()
    except OSError:  # its writer is alive
        pass
    finally:
        os.close(handle)


def _create(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)


@contextmanager
def full_disk_explained(where: Path) -> Iterator[None]:
    """Turn the operating system's words for a full disk into a StoreError that says where and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise StoreError(
            f"{where}: no room to write ({error.strerror}); what was finished is kept: make room and run it again"
        ) from error


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
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{path} cannot be read: {error}; delete it to have it made again") from error
    if not isinstance(value, dict):
        raise StoreError(f"{path} is not a record of a run; delete it to have it made again")
    return value


def write_rows(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write records of equal keys as CSV, whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
