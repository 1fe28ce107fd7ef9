"""The feature store: a folder of memory-mapped features, the index and sample table of their rows, and a manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from syndr.errors import InputError, StoreError, SyndrError
from syndr.features.index import build_index, write_index
from syndr.features.manifest import FORMAT, UNKNOWN, Manifest, Shard
from syndr.features.sharded import ShardedArray
from syndr.features.shards import SHARD_BYTES, ShardFile, map_array, recorded, shard_name
from syndr.files import atomic_path
from syndr.folders import new_folder
from syndr.samples import Samples

INDEX, SAMPLES, MANIFEST = "index.parquet", "samples.parquet", "manifest.json"
DTYPES = ("float32", "float16")

#: Rows are copied in blocks of about this many bytes.
BLOCK_BYTES = 1 << 24


class FeatureStore:
    """Features of a set of images, keyed by the images' ids.

    The folder holds shards of features (``features-00000.npy``, ...), ``index.parquet`` (id, path, file size, content
    hash, width, height, shard and row of each feature row), ``samples.parquet`` (their sample table, in the same
    order) and ``manifest.json``, which names the shards that count; :func:`~syndr.features.extract` adds
    ``rejected.csv``. A new store takes its name only when everything is in it, and rows appended count from the moment
    that the manifest names their shard.

    Attributes:
        path: The folder.
        manifest: What the features were made from and with.
        features: All rows as one read-only matrix (rows, dims), float32 or float16, mapped from the shards.
    """

    path: Path
    manifest: Manifest
    features: ShardedArray

    def __init__(self, path: str | Path) -> None:
        """Open a store; the same as :meth:`open`."""
        self.path = Path(path)
        self.manifest = read_manifest(self.path)
        if not self.manifest.shards:
            raise StoreError(f"{self.path}: the store is unfinished; run its extraction again and it goes on")
        self.features = ShardedArray([self._map(shard) for shard in self.manifest.shards])
        self._check_index()

    @classmethod
    def open(cls, path: str | Path) -> FeatureStore:
        """Open a store.

        Raises:
            StoreError: When the folder is absent, unfinished, damaged or of another format.
        """
        return cls(path)

    @classmethod
    def create(
        cls, path: str | Path, samples: Samples, features: Any, manifest: Manifest | None = None
    ) -> FeatureStore:
        """Write a store from features at hand; the folder appears whole or not at all.

        Args:
            path: The folder to make; it may not exist yet, unless empty.
            samples: Sample table with one row per feature row, in the same order.
            features: Matrix of shape (rows, dims), float32 or float16: an array, a memory map or the features of
                another store; copied block by block.
            manifest: What the features come from; ``shards``, ``dims`` and ``dtype`` are filled in here, and
                ``source`` where it is not known.

        Raises:
            InputError: When the matrix has another shape or dtype, or not one row per sample.
            StoreError: When something is at ``path`` already.
        """
        features = checked_features(features, len(samples))
        manifest = manifest or Manifest()
        source = samples.content_hash() if manifest.source == UNKNOWN else manifest.source
        manifest = msgspec.structs.replace(manifest, dims=features.shape[1], dtype=features.dtype.name, source=source)
        with new_folder(Path(path)) as folder:
            shards = write_shards(folder, blocks(features), features.shape[1], features.dtype.name)
            write_tables(folder, samples, build_index(samples, shards))
            write_manifest(folder, msgspec.structs.replace(manifest, shards=tuple(shards)))
        return cls(path)

    @cached_property
    def samples(self) -> Samples:
        """The sample table, one row per feature row, in the same order (read on first use)."""
        try:
            return Samples(Samples.read(self.path / SAMPLES).table.slice(0, len(self)))
        except SyndrError as error:
            raise self._damaged(SAMPLES, error) from error

    @cached_property
    def index(self) -> pa.Table:
        """The index, one row per feature row, in the same order (read on first use).

        Columns: ``id``, ``path``, ``file_size`` (bytes), ``content_hash``, ``width`` and ``height`` (pixels, upright),
        ``shard`` and ``row`` (within the shard); what is not known is null.
        """
        return self._read_index()

    @cached_property
    def ids(self) -> list[str]:
        """The ids in row order."""
        ids: list[str] = self._read_index("id")["id"].to_pylist()
        return ids

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row number of each id."""
        return {sample_id: row for row, sample_id in enumerate(self.ids)}

    def rows(self, ids: Sequence[str]) -> npt.NDArray[np.floating]:
        """Give the features of these ids, in this order, as a new array of shape (len(ids), dims).

        Raises:
            InputError: When an id is not in the store.
        """
        return self.features[self.row_numbers(ids)]

    def row_numbers(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Give the row numbers of these ids, in this order.

        Raises:
            InputError: When an id is not in the store.
        """
        unknown = [sample_id for sample_id in ids if sample_id not in self.row_of]
        if unknown:
            raise InputError(f"{self.path}: {len(unknown)} ids are not in the store, first {unknown[:5]}")
        return np.fromiter((self.row_of[sample_id] for sample_id in ids), np.int64, len(ids))

    def __len__(self) -> int:
        return self.features.shape[0]

    def _map(self, shard: Shard) -> npt.NDArray[np.floating]:
        try:
            features = map_array(self.path / shard.file)
        except (OSError, ValueError, EOFError) as error:
            raise self._damaged(shard.file, error) from error
        expected = ((shard.rows, self.manifest.dims), self.manifest.dtype)
        if (features.shape, features.dtype.name) != expected:
            raise StoreError(
                f"{self.path}: {shard.file} holds {features.dtype} {features.shape}, "
                f"the manifest says {expected[1]} {expected[0]}; make the store again"
            )
        return features

    def _check_index(self) -> None:
        for name in (INDEX, SAMPLES):
            try:
                rows = pyarrow.parquet.read_metadata(self.path / name).num_rows
            except (OSError, pa.ArrowException) as error:
                raise self._damaged(name, error) from error
            # More rows are those of an append that is under way, or was cut short before the manifest named them.
            if rows < len(self):
                raise StoreError(f"{self.path}: {name} has {rows} rows for {len(self)} features; make the store again")

    def _read_index(self, *columns: str) -> pa.Table:
        try:
            with pyarrow.parquet.ParquetFile(self.path / INDEX) as file:
                table = file.read(columns or None, use_threads=False).slice(0, len(self))
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(INDEX, error) from error
        absent = {"id", *columns}.difference(table.column_names)
        if absent:
            raise self._damaged(INDEX, KeyError(f"no column {', '.join(absent)}"))
        if not pa.types.is_string(table["id"].type) or table["id"].null_count:
            raise self._damaged(INDEX, TypeError("its ids are not texts"))
        return table

    def _damaged(self, name: str, error: Exception) -> StoreError:
        return StoreError(f"{self.path}: {name} is absent or damaged ({error}); make the store again")


def checked_features(features: Any, rows: int) -> Any:
    """Give features as an array of a dtype and shape that a store can hold, without a copy where it is one.

    Raises:
        InputError: When it is none, or has not this number of rows.
    """
    features = features if isinstance(features, ShardedArray) else np.asanyarray(features)
    if features.ndim != 2 or features.dtype not in map(np.dtype, DTYPES):
        raise InputError(
            f"a store holds features of shape (rows, dims) in {' or '.join(DTYPES)}, "
            f"not {features.dtype} {features.shape}; convert them first"
        )
    if len(features) != rows:
        raise InputError(f"{len(features)} feature rows do not fit a table of {rows} samples")
    return features


def blocks(features: Any) -> Iterator[npt.NDArray[np.floating]]:
    """Go through a matrix block by block."""
    rows = max(1, BLOCK_BYTES // (features.shape[1] * features.dtype.itemsize or 1))
    if isinstance(features, ShardedArray):
        yield from (block for _, block in features.blocks(rows))
    else:
        yield from (features[start : start + rows] for start in range(0, len(features), rows))


def write_shards(
    folder: Path, rows: Iterable[npt.NDArray[np.floating]], dims: int, dtype: str, first: int = 0
) -> list[Shard]:
    """Write blocks of rows into new shards.

    Args:
        folder: Where.
        rows: The blocks, in order.
        dims: Width of a row.
        dtype: What the rows are stored in.
        first: Number of the first new shard.

    Returns:
        The shards for the manifest; at least one, even without rows.
    """
    shards: list[Shard] = []
    pending = iter(rows)
    block = next(pending, None)
    while block is not None or not shards:
        file = ShardFile(folder / shard_name(first + len(shards)), dims, dtype)
        try:
            while block is not None and file.bytes < SHARD_BYTES:
                file.write(block)
                block = next(pending, None)
            file.finish()
        finally:
            file.close()
        shards.append(recorded(file.path, file.rows))
    return shards


def write_tables(folder: Path, samples: Samples, index: pa.Table) -> None:
    """Write the index and the sample table into a folder, each whole or not at all."""
    write_index(folder / INDEX, index)
    samples.write(folder / SAMPLES)


class _Format(msgspec.Struct):
    format: int


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a store, finished or not.

    Raises:
        StoreError: When there is no store, it is unfinished, or its manifest is damaged or of another format.
    """
    try:
        data = (folder / MANIFEST).read_bytes()
        # The format is read by itself first, as the other fields of another format may not fit.
        found = msgspec.json.decode(data, type=_Format).format
        manifest = msgspec.json.decode(data, type=Manifest) if found == FORMAT else None
    except OSError as error:
        if partial_folder(folder).is_dir():
            advice = f"its extraction is unfinished ({partial_folder(folder)}); run it again and it goes on"
        else:
            advice = f"give a folder made by extract (it holds {MANIFEST})"
        raise StoreError(f"{folder}: not a feature store; {advice}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StoreError(f"{folder}: {MANIFEST} is damaged ({error}); make the store again") from error
    if manifest is None:
        raise StoreError(
            f"{folder}: the store has format {found}, this version of syndr reads format {FORMAT}; "
            "use the version that made it, or make the store again"
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a folder, whole or not at all."""
    with atomic_path(folder / MANIFEST) as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))


def partial_folder(path: Path) -> Path:
    """Give the folder that holds an unfinished store, beside the place of the finished one."""
    return path.with_name(path.name + ".partial")
