"""Stores made from stores: rows added, rows picked, several joined."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from syndr.errors import InputError, StoreError
from syndr.features.index import FILE_COLUMNS, build_index
from syndr.features.manifest import Shard
from syndr.features.shards import shard_name
from syndr.features.store import (
    BLOCK_BYTES,
    FeatureStore,
    blocks,
    write_manifest,
    write_shards,
    write_tables,
)
from syndr.folders import locked, new_folder
from syndr.images import REJECTED, read_rejected, write_rejected
from syndr.progress import Progress, silent
from syndr.samples import Samples


def append(store: FeatureStore, other: FeatureStore, progress: Progress = silent) -> FeatureStore:
    """Add the rows of another store at the end of one, in place.

    What is there already is not written again. The rows count once the manifest names their shards: a reader, or a
    process killed before that, sees the store as it was.

    Args:
        store: The store that grows; its open mappings stay valid and stay as they were.
        other: The rows to add.
        progress: Told the rows written.

    Returns:
        The grown store, opened.

    Raises:
        StoreError: When the two were made with other weights or preprocessing, or an id is in both.
    """
    with locked(store.path):
        store = FeatureStore.open(store.path)  # as it is now that nobody else may change it
        manifest = store.manifest.joined(other.manifest, str(other.path))
        samples = _joined_samples([store, other])
        count = len(store.manifest.shards)
        added = write_shards(
            store.path, _counted(blocks(other.features), len(other), progress), manifest.dims, manifest.dtype, count
        )
        shards = (*store.manifest.shards, *added)
        write_tables(store.path, samples, build_index(samples, shards, _joined_files([store, other])))
        _write_joined_rejected(store.path, [store, other])
        write_manifest(store.path, msgspec.structs.replace(manifest, shards=shards))
    return FeatureStore.open(store.path)


def subset(store: FeatureStore, rows: npt.ArrayLike, out: str | Path, progress: Progress = silent) -> FeatureStore:
    """Write some rows of a store as a store of their own.

    Args:
        store: Where they come from.
        rows: Row numbers in the order wanted (``store.row_numbers(ids)`` gives those of ids), or a mask of all rows.
        out: The new store's folder.
        progress: Told the rows written.

    Raises:
        InputError: When a row is asked for twice or is not there.
        StoreError: When something is at ``out`` already.
    """
    numbers = np.asarray(rows)
    if numbers.dtype == bool:
        if numbers.shape != (len(store),):
            raise InputError(f"a mask of shape {numbers.shape} does not fit the {len(store)} rows of {store.path}")
        numbers = np.flatnonzero(numbers)
    numbers = numbers.astype(np.int64)
    if numbers.size and (numbers.min() < 0 or numbers.max() >= len(store)):
        raise InputError(f"{store.path} has rows 0 to {len(store) - 1}, not all of those asked for")
    if len(np.unique(numbers)) != len(numbers):
        raise InputError("a row is asked for more than once; ids in a store are unique")
    samples = store.samples.take(numbers)
    manifest = msgspec.structs.replace(store.manifest, source=f"{store.manifest.source} {samples.content_hash()}")
    per_block = max(1, BLOCK_BYTES // (store.features.shape[1] * store.features.dtype.itemsize or 1))
    picked = (store.features[numbers[at : at + per_block]] for at in range(0, len(numbers), per_block))
    with new_folder(Path(out)) as folder:
        shards = write_shards(folder, _counted(picked, len(numbers), progress), manifest.dims, manifest.dtype)
        files = store.index.select(FILE_COLUMNS.names).take(pa.array(numbers))
        write_tables(folder, samples, build_index(samples, shards, files))
        write_manifest(folder, msgspec.structs.replace(manifest, shards=tuple(shards)))
    return FeatureStore.open(out)


def merge(stores: Sequence[FeatureStore], out: str | Path) -> FeatureStore:
    """Join stores into a new one, rows in the order given.

    The shards are linked, not copied, where the file system can: they are never written to again.

    Raises:
        InputError: When there is no store to join.
        StoreError: When they were made with other weights or preprocessing, an id is in more than one, or something is
            at ``out`` already.
    """
    if not stores:
        raise InputError("merge: give at least one store")
    manifest = stores[0].manifest
    for other in stores[1:]:
        manifest = manifest.joined(other.manifest, str(other.path))
    samples = _joined_samples(stores)
    with new_folder(Path(out)) as folder:
        shards: list[Shard] = []
        for store in stores:
            for shard in store.manifest.shards:
                renamed = msgspec.structs.replace(shard, file=shard_name(len(shards)))
                _link(store.path / shard.file, folder / renamed.file)
                shards.append(renamed)
        write_tables(folder, samples, build_index(samples, shards, _joined_files(stores)))
        _write_joined_rejected(folder, stores)
        write_manifest(folder, msgspec.structs.replace(manifest, shards=tuple(shards)))
    return FeatureStore.open(out)


def _joined_samples(stores: Sequence[FeatureStore]) -> Samples:
    seen: dict[str, Path] = {}
    for store in stores:
        both = [sample_id for sample_id in store.ids if sample_id in seen]
        if both:
            raise StoreError(
                f"{len(both)} ids of {store.path} are in {seen[both[0]]} too, first {both[:5]}; "
                "leave them out with a subset first"
            )
        seen |= dict.fromkeys(store.ids, store.path)
    samples = stores[0].samples
    for store in stores[1:]:
        samples = samples.concat(store.samples)
    return samples


def _joined_files(stores: Sequence[FeatureStore]) -> pa.Table:
    return pa.concat_tables([store.index.select(FILE_COLUMNS.names) for store in stores])


def _write_joined_rejected(folder: Path, stores: Sequence[FeatureStore]) -> None:
    lists = [read_rejected(path) for store in stores if (path := store.path / REJECTED).exists()]
    if lists:
        # An append that was cut short may have listed them already.
        write_rejected(folder / REJECTED, dict.fromkeys(entry for entries in lists for entry in entries))


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _counted(
    rows: Iterator[npt.NDArray[np.floating]], total: int, progress: Progress
) -> Iterator[npt.NDArray[np.floating]]:
    done = 0
    progress("copy features", done, total)
    for block in rows:
        yield block
        done += len(block)
        progress("copy features", done, total)
