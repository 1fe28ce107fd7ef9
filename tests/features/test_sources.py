from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from syndr.errors import InputError, StoreError
from syndr.features import FeatureStore, read_embeddings, read_features
from syndr.samples import Samples

FEATURES = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
IDS = ["c", "a", "b"]


def write_parquet(path, **columns):
    pyarrow.parquet.write_table(pa.table(columns), path)


def test_store(tmp_path):
    FeatureStore.create(tmp_path / "s", Samples.from_columns(id=IDS), FEATURES)
    ids, features = read_features(tmp_path / "s")
    assert ids == IDS
    assert isinstance(features[:], np.memmap)
    assert np.array_equal(features, FEATURES)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_npy_is_mapped(tmp_path, dtype):
    np.save(tmp_path / "f.npy", FEATURES.astype(dtype))
    ids, features = read_features(str(tmp_path / "f.npy"))
    assert ids is None
    assert isinstance(features, np.memmap)
    assert features.dtype == dtype
    assert np.array_equal(features, FEATURES.astype(dtype))


@pytest.mark.parametrize(("ids", "expected"), [(IDS, IDS), ([7, 5, 6], ["7", "5", "6"])])
def test_npz_with_ids(tmp_path, ids, expected):
    np.savez(tmp_path / "f.npz", features=FEATURES, ids=np.array(ids))
    got, features = read_features(tmp_path / "f.npz")
    assert got == expected
    assert np.array_equal(features, FEATURES)


def test_npz_without_ids(tmp_path):
    np.savez(tmp_path / "f.npz", features=FEATURES)
    assert read_features(tmp_path / "f.npz")[0] is None


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float32()), pa.list_(pa.float32(), 4), pa.large_list(pa.float32()), pa.list_(pa.float64())]
)
@pytest.mark.parametrize("row_group", [1, 2, 100])
def test_parquet(tmp_path, kind, row_group):
    table = pa.table({"id": IDS, "features": pa.array(list(FEATURES.tolist()), type=kind), "more": [1, 2, 3]})
    pyarrow.parquet.write_table(table, tmp_path / "f.parquet", row_group_size=row_group)
    ids, features = read_features(tmp_path / "f.parquet")
    assert ids == IDS
    assert np.array_equal(features, FEATURES)


def test_parquet_without_ids(tmp_path):
    write_parquet(tmp_path / "f.parquet", features=FEATURES.tolist())
    ids, features = read_features(tmp_path / "f.parquet")
    assert ids is None
    assert features.dtype == np.float64


def refused(path, message):
    with pytest.raises(InputError, match=message) as caught:
        read_features(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).count(str(path)) == 1


def test_absent_file_and_other_kinds(tmp_path):
    for suffix in ("npy", "npz", "parquet", "safetensors"):
        refused(tmp_path / f"gone.{suffix}", "no such file")
    refused(tmp_path / "f.txt", "not a source of features; use a store folder, .npy, .npz, .parquet, .safetensors")
    with pytest.raises(StoreError, match="not a feature store"):
        read_features(tmp_path)


@pytest.mark.parametrize("suffix", ["npy", "npz", "parquet", "safetensors"])
@pytest.mark.parametrize("content", [b"", b"nonsense, not a file of this kind at all"])
def test_damaged_file(tmp_path, suffix, content):
    path = tmp_path / f"f.{suffix}"
    path.write_bytes(content)
    refused(path, "cannot be read as features")


def test_pickles_are_never_loaded(tmp_path):
    np.save(tmp_path / "f.npy", np.array([[object()]]), allow_pickle=True)
    refused(tmp_path / "f.npy", "cannot be read as features")
    np.savez(tmp_path / "f.npz", features=FEATURES, ids=np.array(IDS, dtype=object))
    refused(tmp_path / "f.npz", "cannot be read as features")


@pytest.mark.parametrize("features", [FEATURES[0], FEATURES[None], FEATURES.astype(int), FEATURES.astype(">f4")])
def test_not_a_matrix_of_floats(tmp_path, features):
    np.save(tmp_path / "f.npy", features)
    refused(tmp_path / "f.npy", r"shape \(rows, dims\) in float16, float32, float64, not")


def test_names_within_the_file(tmp_path):
    np.savez(tmp_path / "two.npz", vectors=FEATURES, others=-FEATURES)
    refused(tmp_path / "two.npz", "it holds vectors, others; the features must be named 'features', or named by a key")
    assert np.array_equal(read_embeddings(tmp_path / "two.npz", key="others").features, -FEATURES)
    np.savez(tmp_path / "one.npz", vectors=FEATURES, about=np.arange(3))
    assert np.array_equal(read_features(tmp_path / "one.npz")[1], FEATURES)
    write_parquet(tmp_path / "f.parquet", vector=[1.0])
    refused(tmp_path / "f.parquet", "it holds vector; the features must be named 'features'")
    write_parquet(tmp_path / "g.parquet", vector=FEATURES.tolist(), name=IDS)
    assert np.array_equal(read_features(tmp_path / "g.parquet")[1], FEATURES)


def test_safetensors(tmp_path):
    save = pytest.importorskip("safetensors.numpy").save_file
    arrays = {"features": FEATURES, "ids": np.array([7, 5, 6]), "score": np.array([1.0, 2.0, 3.0])}
    save(arrays, tmp_path / "f.safetensors")
    found = read_embeddings(tmp_path / "f.safetensors")
    assert found.ids == ["7", "5", "6"]
    assert np.array_equal(found.features, FEATURES)
    assert found.columns["score"].tolist() == [1, 2, 3]


def test_what_else_a_file_says_of_each_row(tmp_path):
    more = {"score": [1.0, None, 3.0], "tags": [["x"], [], None]}
    write_parquet(tmp_path / "f.parquet", id=IDS, features=FEATURES.tolist(), **more)
    found = read_embeddings(tmp_path / "f.parquet", key="features")
    assert {name: values.to_pylist() for name, values in found.columns.items()} == more
    np.savez(tmp_path / "f.npz", features=FEATURES, score=np.arange(3), other=np.arange(5))
    assert list(read_embeddings(tmp_path / "f.npz").columns) == ["score"]


@pytest.mark.parametrize("ids", [["a", "b"], ["a", "b", "a"]])
def test_ids_must_fit_and_be_unique(tmp_path, ids):
    np.savez(tmp_path / "f.npz", features=FEATURES, ids=np.array(ids))
    refused(tmp_path / "f.npz", "2 ids do not fit 3 feature rows" if len(ids) == 2 else "more than once")


def test_null_ids(tmp_path):
    write_parquet(tmp_path / "f.parquet", id=["a", None, "c"], features=FEATURES.tolist())
    refused(tmp_path / "f.parquet", "1 rows have no id")


@pytest.mark.parametrize(
    "lists", [[[1.0, 2.0], [1.0]], [[1.0], None], [[1.0, None], [1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0, 3.0, 4.0]]]
)
def test_ragged_lists(tmp_path, lists):
    write_parquet(tmp_path / "f.parquet", features=lists)
    refused(tmp_path / "f.parquet", "whole and of one length")


def test_a_column_of_numbers(tmp_path):
    write_parquet(tmp_path / "f.parquet", features=[1.0, 2.0])
    refused(tmp_path / "f.parquet", "'features' is double; it must hold a list")
