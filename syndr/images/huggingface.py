"""Pictures of a Hugging Face data set that is on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from syndr.errors import ImageError, InputError, require
from syndr.samples import Samples

#: Files that ``save_to_disk`` writes for a data set, and for one with several splits.
_SAVED, _SAVED_SPLITS = "state.json", "dataset_dict.json"


def is_saved_dataset(folder: Path) -> bool:
    """Say whether ``save_to_disk`` wrote this folder."""
    return (folder / _SAVED).is_file() or (folder / _SAVED_SPLITS).is_file()


def load_saved_dataset(folder: Path) -> Any:
    """Open what ``save_to_disk`` wrote.

    Raises:
        InputError: When the folder holds several splits, or cannot be read.
        MissingExtraError: When ``datasets`` is not installed.
    """
    datasets = require("datasets", "datasets")
    if (folder / _SAVED_SPLITS).is_file():
        splits = sorted(path.name for path in folder.iterdir() if (path / _SAVED).is_file())
        raise InputError(f"{folder}: the data set has splits {', '.join(splits)}; give the folder of one of them")
    try:
        return datasets.load_from_disk(str(folder))
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise InputError(f"{folder}: cannot be read as a saved data set ({error})") from error


def dataset_images(dataset: Any, image: str | None = None) -> tuple[Samples, Callable[[int], str | bytes | None]]:
    """Take the pictures of a ``datasets.Dataset`` as they are stored, not decoded by that library.

    Args:
        dataset: The data set. Its column ``id`` gives the ids, or else the row number; columns of single values
            become columns of the sample table.
        image: The column of pictures; by default the only one.

    Returns:
        The sample table, and what gives the path or the bytes of a row's picture.

    Raises:
        InputError: When it is no such data set or has not one column of pictures.
        MissingExtraError: When ``datasets`` is not installed.
    """
    datasets = require("datasets", "datasets")
    if not isinstance(dataset, datasets.Dataset):
        kind = type(dataset).__name__
        raise InputError(f"a {kind} has no numbered rows; choose one split, and load it without streaming")
    pictures = [name for name, feature in dataset.features.items() if isinstance(feature, datasets.Image)]
    if image is None and len(pictures) != 1:
        raise InputError(f"the data set has {len(pictures)} columns of pictures ({', '.join(pictures)}); name one")
    image = image or pictures[0]
    if image not in pictures:
        raise InputError(f"the data set has no column {image!r} of pictures; it has {', '.join(pictures) or 'none'}")
    single = (datasets.Value, datasets.ClassLabel)
    columns = [name for name, feature in dataset.features.items() if isinstance(feature, single)]
    table = dataset.select_columns(columns).with_format("arrow")[:] if columns else pa.table({})
    if "id" in columns:
        table = table.set_column(columns.index("id"), "id", table["id"].cast(pa.string()))
    else:
        table = table.append_column("id", pa.array([str(row) for row in range(len(dataset))], pa.string()))
    stored = dataset.select_columns([image]).cast_column(image, datasets.Image(decode=False)).with_format(None)

    def file(row: int) -> str | bytes | None:
        entry = stored[row][image]
        if entry is None:
            raise ImageError("the data set has no picture in this row; remove the row")
        data: str | bytes | None = entry["bytes"] if entry["bytes"] is not None else entry["path"]
        return data

    return Samples(table), file
