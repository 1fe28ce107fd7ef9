"""Tables of one's own, in the forms that circulate: plain tables, Hugging Face's imagefolder, pyiqa's meta-info."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from syndr.datasets.label_scale import QUALITY, LabelScale
from syndr.errors import InputError
from syndr.images import METADATA_FILES
from syndr.samples import Samples, column_texts, read_table

#: Names of the column of pictures, in the order of preference.
_PICTURES = ("path", "file_name", "dist_name", "dist_img", "img_name", "image_name", "image")
_REFERENCES = ("reference", "ref_name", "ref_img", "ref")
_SCORES = ("score", "mos", "MOS", "dmos", "DMOS")
_SPLITS = ("split", "official_split")


def read_labelled_table(
    path: str | Path,
    *,
    images: str | Path | None = None,
    score: str | None = None,
    score_range: tuple[float, float] | None = None,
    higher_is_better: bool | None = None,
) -> Samples:
    """Read a table of labelled pictures.

    Pictures are in a column ``path``, ``file_name`` (imagefolder), ``dist_name`` or ``img_name`` (pyiqa's meta-info),
    ``dist_img``, ``image_name`` or ``image``; references in ``reference``, ``ref_name``, ``ref_img`` or ``ref``; splits
    in ``split`` or ``official_split``. Other columns pass through.

    Args:
        path: A ``.csv``, ``.parquet`` or ``.jsonl`` file, or a folder with imagefolder's ``metadata`` file.
        images: Folder of the pictures; by default that of the file.
        score: Column of the native score; ``score``, ``mos`` or ``dmos`` in either case by default. A table with a
            column ``quality`` (0-10, higher is better) needs none.
        score_range: Lowest and highest possible score; they become the ends of 0-10.
        higher_is_better: The direction. It has no default: a name such as dmos does not tell it.

    Returns:
        Samples with ``id`` (the column's, else the picture's name as it is written), ``path``, and ``quality`` when
        there is a label; ``score``, ``reference``, ``split`` where there are any.

    Raises:
        InputError: When the file cannot be read, has no pictures, or its scores come without range or direction.
        LabelRangeError: For a label outside its range.
    """
    path = Path(path)
    if path.is_dir():
        path = _metadata(path)
    table = read_table(path)
    column = _first(table, _PICTURES)
    if column is None:
        raise InputError(f"{path}: no column of pictures; name it one of {', '.join(_PICTURES)}")
    given = column_texts(table, column, path)
    names = [name for name in given if name is not None]
    if len(names) < len(given):
        raise InputError(f"{path}: {len(given) - len(names)} rows have no {column}")
    folder = Path(images) if images is not None else path.parent
    columns: dict[str, Any] = {"id": table["id"] if "id" in table.column_names else names}
    # A path column of one's own may be relative to anywhere; every other name is relative to the pictures' folder.
    plain = column == "path" and images is None
    columns["path"] = names if plain else [str(folder / name) for name in names]
    reference = _first(table, _REFERENCES)
    if reference is not None:
        texts = column_texts(table, reference, path)
        columns["reference"] = [text if text is None or reference == "reference" else Path(text).stem for text in texts]
    split = _first(table, _SPLITS)
    if split is not None:
        columns["split"] = column_texts(table, split, path)
    used = {column, reference, split, *columns}
    rest = {name: table[name].combine_chunks() for name in table.column_names if name not in used}
    samples = Samples.from_columns(**columns, **rest)
    return _with_quality(samples, path, score, score_range, higher_is_better)


def _metadata(folder: Path) -> Path:
    for name in METADATA_FILES:
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"{folder}: holds no {', '.join(METADATA_FILES)}; give the table itself, or an imagefolder")


def _first(table: pa.Table, names: Sequence[str]) -> str | None:
    return next((name for name in names if name in table.column_names), None)


def _with_quality(
    samples: Samples, path: Path, score: str | None, score_range: tuple[float, float] | None, higher: bool | None
) -> Samples:
    if "quality" in samples and score is None:
        LabelScale(str(path), QUALITY.declared, QUALITY.observed).quality(samples["quality"], samples.ids)
        return samples
    column = score or next((name for name in _SCORES if name in samples), None)
    if column is None:
        return samples
    if score_range is None or higher is None:
        raise InputError(
            f"{path}: the scores in {column!r} need their range and direction: give score_range, such as [1, 5], and "
            "higher_is_better, true or false"
        )
    low, high = score_range
    if not low < high:
        raise InputError(f"{path}: score_range must rise, not {low} to {high}")
    values = samples[column]
    quality = LabelScale(str(path), (low, high), (low, high), higher).quality(values, samples.ids)
    return samples.with_column("score", np.asarray(values, dtype=np.float64)).with_column("quality", quality)
