"""Whether training has seen what a model is tested on: the same reference, or the same file."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from pathlib import Path

from syndr.errors import InputError
from syndr.samples import Samples

_PIECE = 1 << 12
_SHOWN = 5


def check_leakage(train: Iterable[Samples], test: Samples, name: str = "the test set") -> None:
    """Refuse a test set that shares a reference or a byte-identical file with what is trained on.

    A reference is known by the columns ``database`` and ``reference``: I01 of two databases are two pictures. Files
    that are not there, or cannot be read, are passed over: they are set aside where they are used.

    Args:
        train: The tables of everything training may see, such as originals, references and candidate pool.
        test: The table tested on.
        name: Of the test table, for errors.

    Raises:
        InputError: With the first of what is shared.
    """
    tables = list(train)
    shared = sorted(set().union(*map(_references, tables)) & _references(test), key=str)
    if shared:
        shown = ", ".join(image if base is None else f"{base}: {image}" for base, image in shared[:_SHOWN])
        raise InputError(
            f"{name} shares {len(shared)} references with the training set, first {shown}; split by reference, or tell "
            "different pictures of one name apart in a column 'database'"
        )
    pairs = identical_files((path for table in tables for path in _paths(table)), _paths(test))
    if pairs:
        shown = ", ".join(f"{theirs} = {ours}" for ours, theirs in pairs[:_SHOWN])
        raise InputError(
            f"{name} shares {len(pairs)} byte-identical files with the training set, first {shown}; "
            "leave them out on one side"
        )


def identical_files(ours: Iterable[str], theirs: Iterable[str]) -> list[tuple[str, str]]:
    """Find files of one side with the same bytes as one of the other.

    Only files of equal size are opened, and only those whose first and last pieces agree are read whole.

    Returns:
        Pairs of paths, sorted by the second; one for each file of the second side.
    """
    mine, others = (sorted({Path(path) for path in side}) for side in (ours, theirs))
    for key in (_size, _ends, _content):
        mine_by, others_by = _grouped(mine, key), _grouped(others, key)
        common = mine_by.keys() & others_by.keys()
        mine, others = ([path for value in common for path in by[value]] for by in (mine_by, others_by))
    pairs = ((str(min(mine_by[value])), str(path)) for value in common for path in others_by[value])
    return sorted(pairs, key=lambda pair: pair[1])


def _references(samples: Samples) -> set[tuple[str | None, str]]:
    if "reference" not in samples:
        return set()
    databases = samples["database"] if "database" in samples else [None] * len(samples)
    return {(base, name) for base, name in zip(databases, samples["reference"], strict=True) if name is not None}


def _paths(samples: Samples) -> list[str]:
    return [path for path in samples["path"] if path] if "path" in samples else []


def _grouped(paths: Iterable[Path], key: Callable[[Path], Hashable]) -> dict[Hashable, list[Path]]:
    groups: dict[Hashable, list[Path]] = defaultdict(list)
    for path in paths:
        with suppress(OSError):
            groups[key(path)].append(path)
    return groups


def _size(path: Path) -> Hashable:
    return path.stat().st_size


def _ends(path: Path) -> Hashable:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(_PIECE)
        file.seek(max(0, size - _PIECE))
        return size, hashlib.sha256(head + file.read(_PIECE)).digest()


def _content(path: Path) -> Hashable:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
