"""Stores made from stores, and what a reader sees while one grows."""

from __future__ import annotations

import fcntl
import json

import numpy as np
import pytest

from syndr.errors import InputError, StoreError
from syndr.features import FeatureStore, Manifest, append, merge, subset, verify
from syndr.images import REJECTED, Rejected, read_rejected, write_rejected
from syndr.samples import Samples

RNG = np.random.default_rng(0)
ALL = RNG.normal(size=(9, 4)).astype(np.float32)
IDS = [f"i{row}" for row in range(9)]
MADE = {"backbone": "net", "weights_id": "sha256:1", "preprocess": "p", "batch_size": 8}


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr("syndr.features.store.SHARD_BYTES", 32)  # two rows
    for module in ("store", "editing", "exchange", "verification"):
        monkeypatch.setattr(f"syndr.features.{module}.BLOCK_BYTES", 32)


@pytest.fixture
def make(tmp_path):
    def make(name, rows, dtype=np.float32, **settings):
        samples = Samples.from_columns(id=[IDS[row] for row in rows], mine=[row / 2 for row in rows])
        return FeatureStore.create(tmp_path / name, samples, ALL[rows].astype(dtype), Manifest(**MADE | settings))

    return make


def same(store, rows):
    assert store.ids == [IDS[row] for row in rows]
    assert store.samples.ids == store.ids
    assert np.array_equal(store.features, ALL[rows])
    assert np.array_equal(store.rows(store.ids[::-1]), ALL[rows][::-1])
    assert verify(store).problems == []


def test_shards_and_the_index_that_finds_them(make):
    store = make("s", range(5))
    assert [shard.rows for shard in store.manifest.shards] == [2, 2, 1]
    assert store.index["shard"].to_pylist() == [0, 0, 1, 1, 2]
    assert store.index["row"].to_pylist() == [0, 1, 0, 1, 0]
    for name, shard, row in zip(store.ids, store.index["shard"], store.index["row"], strict=True):
        file = store.path / store.manifest.shards[shard.as_py()].file
        assert np.array_equal(np.load(file)[row.as_py()], store.rows([name])[0])
    same(store, range(5))


@pytest.mark.parametrize("first", [[0], [0, 1], [0, 1, 2]])
def test_append(make, first):
    store, more = make("s", first), make("more", [5, 3, 8])
    before = {shard.file: (store.path / shard.file).stat().st_mtime_ns for shard in store.manifest.shards}
    grown = append(store, more)
    same(grown, [*first, 5, 3, 8])
    assert grown.samples["mine"].tolist() == [row / 2 for row in [*first, 5, 3, 8]]
    assert {name: (store.path / name).stat().st_mtime_ns for name in before} == before
    same(append(grown, make("third", [7])), [*first, 5, 3, 8, 7])
    # Who opened it before sees it as it was.
    assert np.array_equal(store.features, ALL[first])
    assert store.ids == [IDS[row] for row in first]


@pytest.mark.parametrize("moment", ["write_shards", "write_tables", "write_manifest"])
def test_an_append_cut_short_is_not_seen(make, monkeypatch, moment):
    import syndr.features.editing as editing

    store, more = make("s", [0, 1, 2]), make("more", [5, 3])
    done = getattr(editing, moment)

    def cut_short(*arguments):
        if moment != "write_manifest":  # the kill comes after the work, except where it would be complete
            done(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(editing, moment, cut_short)
        with pytest.raises(KeyboardInterrupt):
            append(store, more)
    seen = FeatureStore.open(store.path)
    assert seen.ids == seen.samples.ids == IDS[:3]
    assert np.array_equal(seen.features, ALL[:3])
    assert [problem for problem in verify(seen).problems if "cut short" not in problem] == []
    same(append(seen, more), [0, 1, 2, 5, 3])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights_id": "sha256:2"}, "the weights .hash. was sha256:1 and is now sha256:2"),
        ({"preprocess": "q"}, "preprocess was p and is now q"),
        ({"backbone": "b"}, "backbone was net and is now b"),
        ({"precision": "float16"}, "precision was float32 and is now float16"),
        ({"dtype": np.float16}, "dtype was float32 and is now float16"),
    ],
)
def test_features_of_another_kind_are_refused(make, tmp_path, settings, message):
    store, other = make("s", [0, 1]), make("other", [2], **settings)
    for join in (lambda: append(store, other), lambda: merge([store, other], tmp_path / "m")):
        with pytest.raises(StoreError, match=f"other: its features cannot stand beside the others: {message}"):
            join()
    same(FeatureStore.open(store.path), [0, 1])
    assert not (tmp_path / "m").exists()


def test_an_id_in_both_is_refused(make, tmp_path):
    store, other = make("s", [0, 1]), make("other", [2, 1])
    for join in (lambda: append(store, other), lambda: merge([store, other], tmp_path / "m")):
        with pytest.raises(StoreError, match=r"1 ids of .*other are in .*s too, first \['i1'\]"):
            join()
    same(FeatureStore.open(store.path), [0, 1])


def test_one_writer_at_a_time(make):
    store, more = make("s", [0]), make("more", [1])
    with (store.path / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="another process is writing there"):
            append(store, more)
    same(append(store, more), [0, 1])


def test_merge_links_the_shards(make, tmp_path):
    stores = [make("a", [4, 0, 1]), make("b", [8], batch_size=4), make("c", [2, 3])]
    write_rejected(stores[1].path / REJECTED, [Rejected("x", "x.png", "broken")])
    merged = merge(stores, tmp_path / "m")
    same(merged, [4, 0, 1, 8, 2, 3])
    assert merged.manifest.backbone == "net"
    assert merged.manifest.batch_size == 0
    assert merged.manifest.source.startswith("joined sha256:")
    assert read_rejected(merged.path / REJECTED) == [Rejected("x", "x.png", "broken")]
    first = merged.manifest.shards[0].file
    assert (merged.path / first).stat().st_ino == (stores[0].path / first).stat().st_ino
    with pytest.raises(StoreError, match="something is there already"):
        merge(stores, tmp_path / "m")
    with pytest.raises(InputError, match="at least one"):
        merge([], tmp_path / "n")


def test_columns_of_either_store_are_kept(make, tmp_path):
    other = Samples.from_columns(id=["z"], theirs=["t"])
    more = FeatureStore.create(tmp_path / "more", other, ALL[:1], Manifest(**MADE))
    grown = append(make("s", [1]), more)
    assert grown.samples["theirs"].tolist() == [None, "t"]


@pytest.mark.parametrize("rows", [[], [8], [3, 0, 7], range(9)])
def test_subset(make, tmp_path, rows):
    store = make("s", range(9))
    same(subset(store, rows, tmp_path / "part"), list(rows))
    mask = np.isin(np.arange(9), list(rows))
    same(subset(store, mask, tmp_path / "masked"), sorted(rows))


def test_subset_keeps_what_is_known_and_says_what_it_is(make, tmp_path):
    store = make("s", range(9))
    part = subset(store, store.row_numbers(["i7", "i2"]), tmp_path / "part")
    assert part.samples["mine"].tolist() == [3.5, 1.0]
    assert (part.manifest.backbone, part.manifest.batch_size) == ("net", 8)
    assert part.manifest.source != store.manifest.source
    assert part.manifest.source.startswith(store.manifest.source)


@pytest.mark.parametrize("rows", [[9], [-1], [1, 1], np.ones(3, bool)])
def test_subset_refuses(make, tmp_path, rows):
    with pytest.raises(InputError):
        subset(make("s", range(9)), rows, tmp_path / "part")
    assert not (tmp_path / "part").exists()


def test_verify_finds_what_is_wrong(make):
    def problems(store):
        return " ".join(verify(FeatureStore.open(store.path)).problems)

    store = make("a", range(5))
    file = store.path / "features-00001.npy"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert "features-00001.npy is not the file that was written" in problems(store)

    store = make("b", range(5))
    (store.path / "features-00003.npy").write_bytes(b"x")
    assert "features-00003.npy is left from an append that was cut short" in problems(store)

    first, second = make("c", range(5)), make("d", range(4, -1, -1))
    (first.path / "samples.parquet").write_bytes((second.path / "samples.parquet").read_bytes())
    assert "list other ids" in problems(first)

    store = make("e", range(5))
    manifest = json.loads((store.path / "manifest.json").read_text())
    (store.path / "manifest.json").write_text(json.dumps(manifest | {"hashed": True}))
    assert "lacks content hashes" in problems(store)


def test_verify_tells_rows_without_direction_and_its_progress(tmp_path):
    rows = ALL[:6].copy()
    rows[1], rows[3, 2], rows[5, 0] = 0, np.nan, np.inf
    store = FeatureStore.create(tmp_path / "s", Samples.from_columns(id=IDS[:6]), rows)
    calls = []
    found = verify(store, lambda *call: calls.append(call))
    assert (found.problems, found.rows, found.bad_rows) == ([], 6, ["i1", "i3", "i5"])
    for stage in ("verify hashes", "verify values"):
        done = [call[1:] for call in calls if call[0] == stage]
        assert done == [(row, 6) for row in (0, 2, 4, 6)]
