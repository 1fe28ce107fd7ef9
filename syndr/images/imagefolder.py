"""The table that makes a folder of pictures a data set for Hugging Face's ``imagefolder``."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.types

from syndr.samples import Samples

METADATA = "metadata.csv"


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
