"""Stores from and to the files of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from syndr.errors import InputError
from syndr.features.manifest import Manifest
from syndr.features.shards import ShardFile, map_array
from syndr.features.sources import Embeddings, read_embeddings
from syndr.features.store import BLOCK_BYTES, DTYPES, FeatureStore
from syndr.files import atomic_path
from syndr.progress import Progress, silent
from syndr.samples import Samples

EXPORTS = (".npy", ".parquet")


def import_features(
    source: str | Path,
    out: str | Path,
    table: str | Path | None = None,
    labels: str | Path | None = None,
    label_column: str = "score",
    key: str | None = None,
    dtype: str | None = None,
    manifest: Manifest | None = None,
) -> FeatureStore:
    """Make a store of embeddings from elsewhere.

    Ids come from ``table``, or from the file; without either the row number is the id. Whatever else the file says of
    each row becomes a column of the sample table.

    Args:
        source: ``.npy``, ``.npz``, ``.parquet`` or ``.safetensors`` (:func:`~syndr.features.read_embeddings`).
        out: The store's folder.
        table: What the rows are, in the file's order: a sample table (all of its columns are kept), an ``.npy`` of
            ids, or a ``.txt`` with one id per line.
        labels: One label per row, in the file's order: an ``.npy``.
        label_column: Column that ``labels`` fill; ``quality`` where they are 0-10, higher is better.
        key: Name of the features within the file.
        dtype: ``"float32"`` or ``"float16"`` to convert; by default the file's own.
        manifest: What the features come from, where that is known: only stores that agree can be merged.

    Raises:
        InputError: When a file cannot be read, lengths differ, or float64 features are given without ``dtype``.
        StoreError: When something is at ``out`` already.
    """
    found = read_embeddings(source, key)
    features = found.features
    if dtype is not None and dtype not in DTYPES:
        raise InputError(f"dtype={dtype!r} must be one of {', '.join(DTYPES)}")
    if dtype is None and features.dtype == np.float64:
        raise InputError(f"{source}: a store does not hold float64; say which dtype to store: {' or '.join(DTYPES)}")
    samples = _samples(found, source, table)
    if labels is not None:
        samples = samples.with_column(label_column, _array(labels, len(samples)))
    if dtype is not None and features.dtype != np.dtype(dtype):
        with np.errstate(over="ignore"):  # told below, with what to do
            features = np.asarray(features).astype(dtype)
        lost = np.isinf(features).any()
        if lost and np.isfinite(np.asarray(found.features)).all():
            raise InputError(f"{source}: some values are beyond the range of {dtype}; store them as float32")
    return FeatureStore.create(out, samples, features, manifest)


def _samples(found: Embeddings, source: str | Path, table: str | Path | None) -> Samples:
    count = len(found.features)
    if table is None:
        ids = found.ids or [str(row) for row in range(count)]
        samples = Samples.from_columns(id=ids)
    elif Path(table).suffix.lower() == ".txt":
        try:
            lines = Path(table).read_text(encoding="utf-8-sig").rstrip("\n").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{table}: cannot be read as ids, one per line ({error})") from error
        samples = Samples.from_columns(id=lines)
    elif Path(table).suffix.lower() == ".npy":
        samples = Samples.from_columns(id=[str(one) for one in _array(table, count)])
    else:
        samples = Samples.read(table)
    if len(samples) != count:
        raise InputError(f"{table}: {len(samples)} ids do not fit the {count} feature rows of {source}")
    for name, values in found.columns.items():
        if name not in samples:
            values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
            samples = samples.with_column(name, values)
    return samples


def _array(path: str | Path, count: int) -> list[Any]:
    try:
        values = map_array(Path(path))
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: cannot be read as an .npy file of one value per row ({error})") from error
    if values.shape != (count,):
        raise InputError(f"{path}: an array of shape {values.shape} does not fit {count} feature rows")
    listed: list[Any] = values.tolist()
    return listed


def export(store: FeatureStore, path: str | Path, progress: Progress = silent) -> list[Path]:
    """Write a store for other tools, block by block.

    Args:
        store: What to write.
        path: ``.npy``: the features as one matrix, and their sample table as Parquet beside it
            (``<name>.samples.parquet``); ``.parquet``: the sample table with a column ``features``.
        progress: Told the rows written.

    Returns:
        The files written, each whole or not at all.

    Raises:
        InputError: When the name has another ending, or the sample table has a column ``features`` already.
    """
    path = Path(path)
    if path.suffix.lower() not in EXPORTS:
        raise InputError(f"{path}: a store is exported as {' or '.join(EXPORTS)}; choose such a name")
    step = max(1, BLOCK_BYTES // (store.features.shape[1] * store.features.dtype.itemsize or 1))
    progress("export", 0, len(store))
    with atomic_path(path) as temporary:
        if path.suffix.lower() == ".npy":
            # A shard is an .npy file. Not a memory map: on a full disk, writing to one kills the process.
            matrix = ShardFile(temporary, store.features.shape[1], store.features.dtype.name)
            try:
                for start, block in store.features.blocks(step):
                    matrix.write(block)
                    progress("export", start + len(block), len(store))
                matrix.finish()
            finally:
                matrix.close()
        else:
            _write_parquet(store, temporary, step, progress)
    if path.suffix.lower() == ".parquet":
        return [path]
    table = path.with_suffix(".samples.parquet")
    store.samples.write(table)
    return [path, table]


def _write_parquet(store: FeatureStore, path: Path, step: int, progress: Progress) -> None:
    samples = store.samples
    if "features" in samples:
        raise InputError(f"{store.path}: its sample table has a column 'features' already; export it as .npy")
    dims, kind = store.features.shape[1], pa.from_numpy_dtype(store.features.dtype)
    schema = samples.table.schema.append(pa.field("features", pa.list_(kind, dims)))
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for start, block in store.features.blocks(step):
            lists = pa.FixedSizeListArray.from_arrays(pa.array(block.reshape(-1)), dims)
            rows = samples.table.slice(start, len(block))
            writer.write_table(rows.append_column(schema.field("features"), lists))
            progress("export", start + len(block), len(store))
