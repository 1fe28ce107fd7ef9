"""The index of a store: what is known of the file of each row, and where the row is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from syndr.features.manifest import Shard
from syndr.files import atomic_path
from syndr.samples import Samples

#: What is known of a row's file; null where it is not.
FILE_COLUMNS = pa.schema(
    [
        ("file_size", pa.int64()),  # bytes
        ("content_hash", pa.string()),  # "sha256:..." of the file, where it was asked for
        ("width", pa.int32()),  # pixels, upright
        ("height", pa.int32()),
    ]
)


def build_index(samples: Samples, shards: Sequence[Shard], files: pa.Table | None = None) -> pa.Table:
    """Lay out the index: ``id``, ``path``, the columns of ``FILE_COLUMNS``, ``shard`` and ``row`` within it.

    Args:
        samples: The sample table, one row per feature row.
        shards: The files of features, in row order.
        files: Table with ``FILE_COLUMNS``, one row per feature row; None when nothing is known of the files.
    """
    count = len(samples)
    table = samples.table.select(["id"])
    table = table.append_column("path", samples.table["path"] if "path" in samples else pa.nulls(count, pa.string()))
    for column in FILE_COLUMNS:
        table = table.append_column(column, pa.nulls(count, column.type) if files is None else files[column.name])
    rows = [shard.rows for shard in shards]
    number = np.repeat(np.arange(len(shards), dtype=np.int32), rows)
    row = np.concatenate([np.arange(count, dtype=np.int64) for count in rows]) if rows else np.empty(0, np.int64)
    return table.append_column("shard", pa.array(number)).append_column("row", pa.array(row))


def write_index(path: Path, index: pa.Table) -> None:
    """Write an index as Parquet, whole or not at all."""
    with atomic_path(path) as temporary:
        pyarrow.parquet.write_table(index, temporary)
