from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from syndr.errors import InputError, StoreError
from syndr.features import FeatureStore, Manifest
from syndr.features.shards import ShardFile
from syndr.samples import Samples

SAMPLES = Samples.from_columns(id=["c", "a", "ü b"], path=["c.png", None, "x"], mine=[1.5, None, float("nan")])
FEATURES = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)

FILES = ["features-00000.npy", "index.parquet", "samples.parquet", "manifest.json"]


@pytest.fixture
def store(tmp_path):
    manifest = Manifest(backbone="resnet50", weights_id="sha256:1", preprocess="p", batch_size=32)
    return FeatureStore.create(tmp_path / "deep/store", SAMPLES, FEATURES, manifest)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_round_trip(tmp_path, dtype):
    features = FEATURES.astype(dtype)
    FeatureStore.create(tmp_path / "store", SAMPLES, features, Manifest(versions={"torch": "1"}))
    store = FeatureStore.open(str(tmp_path / "store"))
    assert len(store) == 3
    assert store.features.dtype == dtype
    assert np.array_equal(store.features, features)
    assert store.ids == ["c", "a", "ü b"]
    assert store.samples.table.column_names == SAMPLES.table.column_names
    assert store.samples.table["path"].to_pylist() == ["c.png", None, "x"]
    assert (store.manifest.rows, store.manifest.dims) == (3, 4)
    assert store.manifest.dtype == np.dtype(dtype).name
    assert store.manifest.versions == {"torch": "1"}


def test_features_are_mapped_and_read_only(store):
    assert isinstance(store.features[:], np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        store.features[0][0] = 1


def test_rows_by_id(store):
    assert np.array_equal(store.rows(["ü b", "c", "c"]), FEATURES[[2, 0, 0]])
    with pytest.raises(InputError, match=r"2 ids are not in the store, first \['x', 'y'\]"):
        store.rows(["x", "c", "y"])


def test_nothing_else_is_left_beside_a_store(store):
    assert [path.name for path in store.path.parent.iterdir()] == ["store"]
    assert {path.name for path in store.path.iterdir()} == set(FILES)


def test_an_empty_store(tmp_path):
    store = FeatureStore.create(tmp_path / "none", SAMPLES.take([]), FEATURES[:0])
    assert len(store) == 0
    assert store.ids == []
    assert store.features.shape == (0, 4)
    assert store.rows([]).shape == (0, 4)


def test_the_hash_of_the_table_ignores_how_it_is_stored():
    whole = Samples.from_columns(id=["a", "b", "c"], score=[1.0, float("nan"), None])
    pieces = whole.take([0]).concat(whole.take([1, 2]))
    assert whole.content_hash() == pieces.content_hash()
    assert whole.content_hash() != whole.take([1, 0, 2]).content_hash()
    assert whole.content_hash() != whole.with_column("score", [1.0, 2.0, None]).content_hash()


@pytest.mark.parametrize(
    "features", [FEATURES.astype(np.float64), FEATURES[0], FEATURES.astype(">f4"), FEATURES.astype(np.int8)]
)
def test_other_arrays_are_refused(tmp_path, features):
    with pytest.raises(InputError, match=r"\(rows, dims\) in float32 or float16"):
        FeatureStore.create(tmp_path / "s", SAMPLES, features)
    assert not list(tmp_path.iterdir())


def test_lengths_must_agree(tmp_path):
    with pytest.raises(InputError, match="2 feature rows do not fit a table of 3"):
        FeatureStore.create(tmp_path / "s", SAMPLES, FEATURES[:2])


def test_nothing_is_overwritten(store, tmp_path):
    with pytest.raises(StoreError, match="something is there already"):
        FeatureStore.create(store.path, SAMPLES, FEATURES)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="something is there already"):
        FeatureStore.create(tmp_path / "file", SAMPLES, FEATURES)
    (tmp_path / "empty").mkdir()
    assert len(FeatureStore.create(tmp_path / "empty", SAMPLES, FEATURES)) == 3


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Samples, "write", full)
    with pytest.raises(StoreError, match=r"s: no room to write \(No space left on device\)"):
        FeatureStore.create(tmp_path / "s", SAMPLES, FEATURES)
    assert not list(tmp_path.iterdir())


def refused(path, message):
    with pytest.raises(StoreError, match=message) as caught:
        FeatureStore.open(path)
    assert str(path) in str(caught.value)


def test_no_store(tmp_path):
    refused(tmp_path / "none", "not a feature store; give a folder made by extract")
    refused(tmp_path, "not a feature store")


def test_an_unfinished_store_says_so(tmp_path):
    (tmp_path / "s.partial").mkdir()
    refused(tmp_path / "s", r"unfinished \(.*s\.partial\); run it again")


@pytest.mark.parametrize("name", FILES)
def test_an_absent_file(store, name):
    (store.path / name).unlink()
    refused(store.path, "make the store again" if name != "manifest.json" else "not a feature store")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0.0, 0.5, 0.95])
def test_a_truncated_file(store, name, keep):
    data = (store.path / name).read_bytes()
    (store.path / name).write_bytes(data[: int(len(data) * keep)])
    refused(store.path, rf"{name} is (absent or )?damaged .*make the store again")


def test_features_of_another_shape(store):
    np.save(store.path / "features-00000.npy", FEATURES[:, :3])
    refused(store.path, r"features-00000.npy holds float32 \(3, 3\), the manifest says float32 \(3, 4\)")


def test_an_index_of_another_length(store):
    SAMPLES.take([0, 1]).write(store.path / "index.parquet")
    refused(store.path, "2 rows for 3 features")


@pytest.mark.parametrize(("name", "read"), [("index.parquet", "ids"), ("samples.parquet", "samples")])
def test_a_table_without_ids(store, name, read):
    pyarrow.parquet.write_table(pa.table({"name": ["a", "b", "c"]}), store.path / name)
    with pytest.raises(StoreError, match=rf"{name} is absent or damaged .*make the store again"):
        getattr(FeatureStore.open(store.path), read)


def test_an_unfinished_store_is_not_opened_by_its_own_name(store):
    path = store.path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"shards": []}))
    refused(store.path, "unfinished")


def test_a_newer_format(store):
    path = store.path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 3, "dims": "3"}))
    refused(store.path, "format 3, this version of syndr reads format 2")


def test_pickled_features_are_never_loaded(store):
    np.save(store.path / "features-00000.npy", np.array([[object()]] * 3), allow_pickle=True)
    refused(store.path, "features-00000.npy is absent or damaged")


def test_a_shard_refuses_what_its_dtype_cannot_hold(tmp_path):
    shard = ShardFile(tmp_path / "s.npy", 2, np.float16)
    with pytest.raises(StoreError, match="a feature of 70000 is too large for float16; store float32"):
        shard.write(np.array([[70000, 1]], dtype=np.float32))
    shard.write(np.array([[np.inf, 65504]], dtype=np.float32))  # what was infinite before is set aside later
    shard.finish()
    assert np.load(tmp_path / "s.npy").tolist() == [[np.inf, 65504]]
