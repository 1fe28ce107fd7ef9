"""The rows every reader makes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr.datasets.declaration import Request
from syndr.errors import InputError
from syndr.samples import Samples


def labelled(
    request: Request,
    ids: Sequence[str],
    paths: Iterable[Path],
    scores: Sequence[float] | npt.NDArray[np.float64],
    **columns: Iterable[Any],
) -> Samples:
    """Lay out labelled pictures: id, path, the columns given, score, quality, origin, database.

    Raises:
        LabelRangeError: For a score outside the declared range.
        InputError: When an id occurs twice.
    """
    assert request.labels is not None  # only a pool has none, and its reader makes rows without scores
    return Samples.from_columns(
        id=ids,
        path=map(str, paths),
        **columns,
        score=scores,
        quality=request.labels.scale.quality(scores, ids),
        origin=["original"] * len(ids),
        database=[request.database.name] * len(ids),
    )


def named_parts(name: str, parts: int, shape: str, where: Path) -> list[str]:
    """Split a picture's name without its suffix at its underscores.

    Raises:
        InputError: When it has another number of parts.
    """
    found = name.rpartition(".")[0].split("_")
    if len(found) != parts or not all(found):
        raise InputError(f"{where}: {name!r} must be named {shape}")
    return found
