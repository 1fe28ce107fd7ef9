"""The table that makes a folder of pictures a data set for Hugging Face's ``imagefolder``, written and read."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.types

from syndr.errors import InputError
from syndr.images.listing import samples_from_folder
from syndr.samples import Samples, column_texts, read_table

METADATA = "metadata.csv"
METADATA_FILES = (METADATA, "metadata.jsonl", "metadata.parquet")
_FILE_NAME = "file_name"


def read_imagefolder(folder: str | Path) -> Samples:
    """Make the sample table of a folder of images, with what a metadata file in it says of them.

    The metadata file is ``metadata.csv``, ``.jsonl`` or ``.parquet`` with a column ``file_name``, relative to the
    folder, as Hugging Face's ``imagefolder`` has it; another file of that name is passed over. Its column ``id`` gives
    the ids. Images that it does not name have no values in its columns; files that it names and that are not there
    become rows all the same.

    Args:
        folder: The folder; see :func:`~syndr.images.list_images`.

    Raises:
        InputError: When the folder holds no image, or the metadata file cannot be read or names a file twice.
    """
    folder = Path(folder)
    samples = samples_from_folder(folder)
    there = [folder / name for name in METADATA_FILES if (folder / name).is_file()]
    metadata = read_table(there[0]) if there else None
    if metadata is None or _FILE_NAME not in metadata.column_names:
        return samples
    names = column_texts(metadata, _FILE_NAME, there[0])
    for name in names:
        parts = PurePosixPath(name or "")
        if parts.is_absolute() or ".." in parts.parts:
            raise InputError(f"{there[0]}: the file name {name!r} leads out of the folder; correct the row")
    row_of = {name: row for row, name in enumerate(names)}
    if len(row_of) < len(names):
        raise InputError(f"{there[0]}: {len(names) - len(row_of)} rows name a file that another row names already")
    files = sorted({*samples.ids, *(name for name in names if name is not None)})
    rows = pa.array([row_of.get(name) for name in files], pa.int64())
    table = metadata.drop_columns([name for name in ("path", "id") if name in metadata.column_names]).take(rows)
    table = table.set_column(table.column_names.index(_FILE_NAME), _FILE_NAME, pa.array(files))
    ids = files
    if "id" in metadata.column_names:
        given = metadata["id"].take(rows).cast(pa.string()).to_pylist()
        ids = [name if found is None else found for found, name in zip(given, files, strict=True)]
    paths = [str(folder / name) for name in files]
    return Samples(table.add_column(0, "id", pa.array(ids)).add_column(1, "path", pa.array(paths)))


def write_metadata(folder: str | Path, samples: Samples) -> None:
    """Write ``metadata.csv`` into a folder, so that ``load_dataset("imagefolder", data_dir=folder)`` reads it.

    ``file_name`` comes first, and ``path`` is left out, as it would be wrong once the folder has moved. Columns of
    lists or records become JSON texts, as CSV has no other way to hold them.

    Args:
        folder: Where the pictures are.
        samples: Their table, with ``file_name`` relative to the folder.
    """
    table = samples.table
    names = ["file_name", *(name for name in table.column_names if name not in ("file_name", "path"))]
    Samples(pa.table({name: _flat(table[name]) for name in names})).write(Path(folder) / METADATA)


def _flat(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if not pyarrow.types.is_nested(column.type):
        return column
    return pa.array(
        None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in column.to_pylist()
    )
