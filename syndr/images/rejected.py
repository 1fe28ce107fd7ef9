"""Images set aside: which, where and why."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from syndr.errors import StoreError
from syndr.files import atomic_path

#: Name of the list within a folder.
REJECTED = "rejected.csv"


@dataclass(frozen=True)
class Rejected:
    """An image that was set aside.

    Attributes:
        id: Its id in the sample table.
        path: Its file; empty for a virtual row without one.
        reason: What is wrong with it and what to do.
    """

    id: str
    path: str
    reason: str


def write_rejected(path: str | Path, rejected: Iterable[Rejected]) -> None:
    """Write ``id,path,reason`` as CSV in UTF-8, whole or not at all; an empty list gives the header alone."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Rejected))
        writer.writerows(astuple(entry) for entry in rejected)


def read_rejected(path: str | Path) -> list[Rejected]:
    """Read what :func:`write_rejected` wrote.

    Raises:
        StoreError: When it is not that.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            return [Rejected(**row) for row in csv.DictReader(file, strict=True)]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise StoreError(f"{path}: cannot be read as a list of what was set aside ({error}); delete it") from error
