"""What the faults campaign does to files and file systems, and how it looks at them."""

from __future__ import annotations

import io
import json
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet

# What holds times that were measured; all else must be equal.
MEASURED = ("stages/", "training.csv", "report.html", "checkpoint")


def overwrite(target: Path, data: bytes) -> None:
    """Write over a file where it lies, its size unchanged."""
    with target.open("r+b") as file:
        file.write(data)


def cut_off(target: Path, data: bytes) -> None:
    """Empty a file, as opening it for writing does, and write it anew."""
    with target.open("wb") as file:
        time.sleep(0.01)
        file.write(data)


def replace(target: Path, data: bytes) -> None:
    """Put another file in its place."""
    new = target.with_suffix(".new")
    new.write_bytes(data)
    new.replace(target)


def contents(folder: Path) -> dict[str, bytes]:
    """Give the files below a folder, but for what holds measured times and what killed writers have left."""
    return {
        name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not (name := path.relative_to(folder).as_posix()).startswith(MEASURED)
        and ".unfinished-" not in name
        and ".checkpoint/" not in name
        and path.name != ".lock"
    }


def is_whole(name: str, data: bytes) -> bool:
    """Say whether a .json, .npz or .parquet file can be read to its end."""
    try:
        if name.endswith(".json"):
            json.loads(data)
        elif name.endswith(".npz"):
            with np.load(io.BytesIO(data)) as arrays:
                list(arrays.values())
        else:
            pyarrow.parquet.read_table(io.BytesIO(data))
    except (ValueError, OSError, EOFError, zipfile.BadZipFile):  # Arrow's errors are of the first two
        return False
    return True


@contextmanager
def tmpfs(folder: Path, size: int) -> Iterator[Path]:
    """Mount a file system of so many bytes."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)
