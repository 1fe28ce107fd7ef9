"""Folders that one process at a time works in, and what is left in them by one that was killed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syndr.errors import InputError, StoreError
from syndr.files import UNFINISHED, full_disk_explained
from syndr.locks import is_at, take

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes that lock the same folder away; a process that ends, however, lets go.

    Args:
        folder: An existing folder; the file ``.lock`` in it carries the lock, and goes with it.

    Raises:
        StoreError: When another process has it.
    """
    path = folder / LOCK
    busy = StoreError(f"{folder}: another process is writing there; wait for it, or stop it")
    while True:
        try:
            file = path.open("w")
        except FileNotFoundError as error:  # the folder has just got its final name
            raise busy from error
        with file:
            try:
                take(file.fileno())
            except (BlockingIOError, PermissionError) as error:
                raise busy from error
            # The last owner may have removed or moved the file after it was opened here: then it guards nothing.
            if not is_at(file.fileno(), path):
                continue
            try:
                yield
            finally:
                if is_at(file.fileno(), path):
                    path.unlink()
            return


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder that takes its name when the block ends well, and vanishes when it does not.

    Its own name depends on ``path`` alone: what a process that was killed has left there is removed by the next that
    makes the same folder.

    Raises:
        StoreError: When something is at ``path`` already, another process is making it, or the disk is full.
    """
    _refuse_occupied(path)
    folder = path.with_name(f".{path.name}{UNFINISHED}folder")
    with full_disk_explained(path):
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            try:
                _refuse_occupied(path)  # another process may have finished it meanwhile
                for left in folder.iterdir():
                    if left.name != LOCK:
                        _remove(left)
                yield folder
                folder.replace(path)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            (path / LOCK).unlink()


def is_occupied(path: Path) -> bool:
    """Say whether something other than an empty folder is at ``path``."""
    return path.is_file() or (path.is_dir() and any(os.scandir(path)))


def _refuse_occupied(path: Path) -> None:
    if is_occupied(path):
        raise StoreError(f"{path}: something is there already; delete it or choose another folder")


def is_unfinished(path: Path) -> bool:
    """Tell whether a file or folder is what a writer, or an owner of a lock, that was killed has left."""
    return path.name == LOCK or (path.name.startswith(".") and UNFINISHED in path.name)


def remove_unfinished(folder: str | Path) -> None:
    """Remove what writers that were killed have left in a folder and below; nobody else may write there meanwhile."""
    for path in list(Path(folder).rglob(f".*{UNFINISHED}*")):
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def unchanged(*files: Path) -> Iterator[None]:
    """Watch files that are read piece by piece, or mapped, while the block works with them.

    Args:
        files: The files.

    Raises:
        InputError: When one has been replaced, resized or written to in between: what was read may be of two versions.
    """
    before = {file: _state(file) for file in files}
    yield
    for file, state in before.items():
        if _state(file) != state:
            raise InputError(
                f"{file}: changed while it was read; nothing was written: wait until it is complete and run it again"
            )


def _state(file: Path) -> tuple[int, ...] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    # Compared for equality alone: a clock that was set back does not matter.
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
