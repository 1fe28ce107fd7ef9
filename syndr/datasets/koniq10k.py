"""KonIQ-10k: 10,073 authentic pictures in two sizes, with two scales of scores (Hosu et al., IEEE TIP 2020)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from syndr.datasets.declaration import Request, Tables
from syndr.datasets.folder import Folder, find, locate
from syndr.datasets.label_files import numbers, read_csv
from syndr.datasets.rows import labelled
from syndr.errors import InputError

_OLDER = "koniq10k_scores_and_distributions.csv"
_NEWER = "koniq10k_distributions_sets.csv"
_COUNTS = ("c1", "c2", "c3", "c4", "c5")
_SETS = {"training": "train", "validation": "val", "test": "test"}


def read(request: Request) -> Tables:
    """Read the database from the older file of scores, the newer, or both.

    ``MOS`` is on 1-5 in the older file and on 0-100 in the newer, which alone holds the official split. What a file
    lacks comes from its other columns: 0-100 from ``MOS_zscore``, and 1-5 from the ratings of each grade.
    """
    title = request.database.title
    newer = find(request.root, _NEWER)
    older = next(
        (path for place in (_OLDER, f"{Path(_OLDER).stem}/{_OLDER}") if (path := find(request.root, place))), None
    )
    path = older or newer or locate(request.root, title, _OLDER, _NEWER)
    table = read_csv(path, ("image_name",))
    files = table["image_name"].to_pylist()
    scores = (
        _out_of_five(table, path)
        if request.labels and request.labels.name == "mos-1-5"
        else _out_of_hundred(table, path)
    )
    columns = {} if newer is None else {"split": _official_split(newer, files)}
    folder = Folder(_picture_folder(request))
    return Tables(labelled(request, [Path(name).stem for name in files], map(folder.file, files), scores, **columns))


def _out_of_five(table: pa.Table, path: Path) -> npt.NDArray[np.float64]:
    if "MOS_zscore" in table.column_names and "MOS" in table.column_names:
        return _numbers(table, "MOS", path)
    if not set(_COUNTS) <= set(table.column_names):
        raise InputError(f"{path}: scores from 1 to 5 need the columns c1 ... c5, or MOS beside MOS_zscore")
    ratings = np.stack([_numbers(table, name, path) for name in _COUNTS])
    return np.arange(1, 6) @ ratings / ratings.sum(axis=0)


def _out_of_hundred(table: pa.Table, path: Path) -> npt.NDArray[np.float64]:
    column = "MOS_zscore" if "MOS_zscore" in table.column_names else "MOS"
    if column not in table.column_names:
        raise InputError(
            f"{path}: scores from 0 to 100 need the column MOS_zscore, or MOS; it has {table.column_names}"
        )
    return _numbers(table, column, path)


def _numbers(table: pa.Table, column: str, path: Path) -> npt.NDArray[np.float64]:
    return np.array(numbers(table[column].to_pylist(), path), dtype=np.float64)


def _official_split(path: Path, files: list[str]) -> list[str]:
    table = read_csv(path, ("image_name", "set"))
    part_of = dict(zip(table["image_name"].to_pylist(), table["set"].to_pylist(), strict=True))
    strange = sorted(set(part_of.values()) - set(_SETS))
    missing = [name for name in files if name not in part_of]
    if strange or missing:
        raise InputError(
            f"{path}: the split has unknown sets {strange[:3]} or lacks {len(missing)} pictures {missing[:3]}"
        )
    return [_SETS[part_of[name]] for name in files]


def _picture_folder(request: Request) -> Path:
    wanted = request.pictures.name
    if find(request.root, wanted) is None:
        for other in request.database.pictures:
            if find(request.root, other.name) is not None:
                raise InputError(
                    f"{request.root / wanted}: not found, but {other.name} is there; ask for pictures = "
                    f"{other.name!r}, or download the other size: they give different results"
                )
    return locate(request.root, request.database.title, wanted)
