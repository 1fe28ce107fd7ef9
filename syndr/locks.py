"""Locks on open files: one process has one at a time, and lets go when it ends, however it does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def take(file: int) -> None:
    """Lock an open file, by its descriptor, until it is closed.

    Raises:
        BlockingIOError, PermissionError: When another process or descriptor has it (as POSIX and Windows say it).
        OSError: When its file system has no locks.
    """
    _take(file)


def is_at(file: int, path: Path) -> bool:
    """Say whether an open file still has this name: a lock on one that was removed or moved guards nothing."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
