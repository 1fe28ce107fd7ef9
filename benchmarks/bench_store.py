"""The feature store at pool scale: opening, reading rows by id, going through all of them, verifying."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.contest import Size, timed
from syndr.features import FeatureStore, Manifest, verify
from syndr.features.index import build_index
from syndr.features.manifest import Shard
from syndr.features.shards import SHARD_BYTES, ShardFile, row_bytes, shard_name
from syndr.features.store import write_manifest, write_tables
from syndr.samples import Samples

DIMS, DTYPE = 2048, "float16"
ROWS, QUICK = 1_000_000, 20_000
PICKED = 1000


def sparse_store(folder: Path, rows: int) -> FeatureStore:
    """Make a store whose shards are holes but for their headers: it reads as zeros and takes no room on the disk."""
    per_shard = SHARD_BYTES // row_bytes(DIMS, DTYPE)
    shards = []
    for start in range(0, rows, per_shard):
        count = min(per_shard, rows - start)
        path = folder / shard_name(len(shards))
        file = ShardFile(path, DIMS, DTYPE)
        file.rows = count
        file.finish()
        with path.open("r+b") as holes:
            holes.truncate(file.header_bytes + file.bytes)
        shards.append(Shard(file=path.name, rows=count, sha256=""))
    names = [f"{row % 977:03}/{row:08}.jpg" for row in range(rows)]
    samples = Samples.from_columns(id=names, path=[f"/data/pool/{name}" for name in names])
    write_tables(folder, samples, build_index(samples, shards))
    write_manifest(folder, Manifest(dims=DIMS, dtype=DTYPE, shards=tuple(shards)))
    return FeatureStore.open(folder)


@pytest.fixture(scope="module")
def store(size: Size, remarks: list[str], tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    store = sparse_store(tmp_path_factory.mktemp("store"), size.pick(ROWS, QUICK))
    remarks.append(
        f"{len(store):,} rows of {DIMS} features in {DTYPE}, {len(store.manifest.shards)} shards; sparse files stand "
        "in for the features, so that nothing waits for a disk."
    )
    return store


def test_open(benchmark: Any, size: Size, store: FeatureStore) -> None:
    timed(benchmark, FeatureStore.open, (store.path,), "open a store", "syndr", True, rounds=3 if size.quick else 9)


def test_read_by_id(benchmark: Any, size: Size, store: FeatureStore) -> None:
    rng = np.random.default_rng(0)
    picked = [store.ids[row] for row in rng.integers(len(store), size=PICKED)]
    work = f"read {PICKED:,} random rows by id, warm"
    timed(benchmark, store.rows, (picked,), work, "syndr", True, PICKED, rounds=3 if size.quick else 9)


def test_first_read_by_id(benchmark: Any, size: Size, store: FeatureStore) -> None:
    """The first row asked for by id in a process: the index is read, and the ids are laid out for look-up."""
    name = store.ids[-1]

    def read() -> None:
        FeatureStore.open(store.path).rows([name])

    timed(benchmark, read, (), "open a store and read the first row by id", "syndr", True, rounds=3)


def test_verify(benchmark: Any, size: Size, store: FeatureStore) -> None:
    """Not sound, as a hole has no hash worth recording; the work is that of a sound one."""
    found = timed(benchmark, verify, (store,), "verify a store", "syndr", True, len(store), rounds=1)
    assert len(found.problems) == len(store.manifest.shards)
