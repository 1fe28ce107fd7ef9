"""Is a store what its manifest says, byte by byte?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from syndr.features.index import FILE_COLUMNS, build_index
from syndr.features.shards import file_hash
from syndr.features.store import BLOCK_BYTES, FeatureStore
from syndr.progress import Progress, silent


@dataclass(frozen=True)
class Verification:
    """What :func:`verify` found.

    Attributes:
        rows: Feature rows looked at.
        problems: What is wrong, each with what to do; none when the store is whole.
        bad_rows: Ids of the rows without a direction (NaN, infinity, or all zero). They are no damage: later stages
            set them aside.
    """

    rows: int
    problems: list[str]
    bad_rows: list[str]


def verify(store: FeatureStore, progress: Progress = silent) -> Verification:
    """Read everything and compare it with the manifest: hashes of the shards, ids, index, sample table.

    Args:
        store: The store; that it opens means that shapes and dtypes agree already.
        progress: Told the rows dealt with, twice: for the hashes and for the values.
    """
    problems: list[str] = []
    done = 0
    for shard in store.manifest.shards:
        progress("verify hashes", done, len(store))
        if file_hash(store.path / shard.file) != shard.sha256:
            problems.append(f"{shard.file} is not the file that was written; restore it, or make the store again")
        done += shard.rows
    progress("verify hashes", done, len(store))
    if len(store.row_of) != len(store):
        problems.append(f"{len(store) - len(store.row_of)} ids occur more than once; make the store again")
    if store.samples.ids != store.ids:
        problems.append("the index and the sample table list other ids; make the store again")
    else:
        expected = build_index(store.samples, store.manifest.shards, store.index.select(FILE_COLUMNS.names))
        if not _same(store.index, expected):
            problems.append("the index does not tell where the rows are; make the store again")
    if store.manifest.hashed and store.index["content_hash"].null_count:
        problems.append("the index lacks content hashes that the manifest promises; make the store again")
    problems += [f"{name} is left from an append that was cut short; delete it" for name in _strays(store.path, store)]
    return Verification(len(store), problems, _without_direction(store, progress))


def _same(index: pa.Table, expected: pa.Table) -> bool:
    return bool(index.column_names == expected.column_names and index.equals(expected))


def _strays(folder: Path, store: FeatureStore) -> list[str]:
    named = {shard.file for shard in store.manifest.shards}
    return sorted(path.name for path in folder.glob("features-*.npy") if path.name not in named)


def _without_direction(store: FeatureStore, progress: Progress) -> list[str]:
    rows: list[int] = []
    step = max(1, BLOCK_BYTES // (store.features.shape[1] * store.features.dtype.itemsize or 1))
    progress("verify values", 0, len(store))
    for start, block in store.features.blocks(step):
        good = np.isfinite(block).all(axis=1) & block.any(axis=1)
        rows += (start + np.flatnonzero(~good)).tolist()
        progress("verify values", start + len(block), len(store))
    return [store.ids[row] for row in rows]
