"""Reading any database by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from syndr.datasets import bid, csiq, kadid10k, kadis700k, koniq10k, live, livec, pipal, spaq, tid2013
from syndr.datasets.declaration import Request, Tables
from syndr.datasets.registry import find_database

_READERS: dict[str, Callable[[Request], Tables]] = {
    "kadid10k": kadid10k.read,
    "kadis700k": kadis700k.read,
    "live": live.read,
    "csiq": csiq.read,
    "tid2013": tid2013.read,
    "livec": livec.read,
    "koniq10k": koniq10k.read,
    "bid": bid.read,
    "pipal": pipal.read,
    "spaq": spaq.read,
}


def read_database(
    name: str,
    root: str | Path,
    *,
    labels: str | None = None,
    pictures: str | None = None,
    subset: str | None = None,
) -> Tables:
    """Read a database from the folder as it is downloaded and unpacked.

    Args:
        name: Its name or an alias (``syndr.datasets.DATABASES``).
        root: Its folder.
        labels: Variant of the scores; the registry's first by default.
        pictures: Variant of the pictures; the registry's first by default.
        subset: Only these distortions, such as PIPAL's "algorithmic" or "3".

    Returns:
        Samples in the published order: ``id``, ``path``, ``score`` (native), ``quality`` (0-10, higher is better),
        ``origin``, ``database``; where the database has them ``reference``, ``level``, ``split``, ``std``, and the
        distortion: ``type`` when it is one of KADID's, else ``distortion``, the database's own word. And the
        references. Whether each picture is there is found out when it is read, or by :func:`check_database`.

    Raises:
        InputError: When there is no such database or variant, or a file is absent or not what it should be.
        LabelRangeError: For a score outside the declared range.
        MissingExtraError: When a package for spreadsheets is not installed.
    """
    database = find_database(name)
    variant = database.labels_named(labels) if database.labels or labels else None
    found = _READERS[database.name](Request(database, Path(root), variant, database.pictures_named(pictures)))
    if subset is None:
        return found
    rows = np.isin(found.samples["distortion"].astype(str), database.distortions_of(subset))
    return Tables(found.samples.take(rows), found.references)
