"""Embeddings from other tools into stores, and stores out to other tools."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet
import pytest

from syndr.errors import InputError
from syndr.features import FeatureStore, Manifest, export, import_features, read_features
from syndr.samples import Samples

FEATURES = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
IDS = ["e", "d", "c", "ü\n", "a"]


@pytest.fixture
def matrix(tmp_path):
    np.save(tmp_path / "x.npy", FEATURES)
    return tmp_path / "x.npy"


def test_row_numbers_are_the_ids_where_there_are_none(matrix, tmp_path):
    store = import_features(matrix, tmp_path / "s")
    assert store.ids == ["0", "1", "2", "3", "4"]
    assert np.array_equal(store.features, FEATURES)
    assert store.manifest.backbone == "unknown"


def write_table(path, kind):
    if kind == ".npy":
        np.save(path, np.array(IDS))
    elif kind == ".txt":
        path.write_text("\n".join(IDS).replace("ü\n", "ü") + "\n", encoding="utf-8")
    else:
        Samples.from_columns(id=IDS, path=[f"{name}.png" for name in IDS], quality=range(5)).write(path)


@pytest.mark.parametrize("kind", [".npy", ".txt", ".csv", ".parquet", ".jsonl"])
def test_ids_from_a_table(matrix, tmp_path, kind):
    write_table(tmp_path / f"ids{kind}", kind)
    store = import_features(matrix, tmp_path / "s", table=tmp_path / f"ids{kind}")
    assert store.ids == ([name.strip() for name in IDS] if kind == ".txt" else IDS)
    if kind not in (".npy", ".txt"):
        assert store.samples["quality"].tolist() == [0, 1, 2, 3, 4]
        assert store.index["path"].to_pylist() == [f"{name}.png" for name in IDS]


def test_a_byte_order_mark_is_no_part_of_an_id(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((2, 3), dtype=np.float32))
    (tmp_path / "ids.txt").write_text("a\nb\n", encoding="utf-8-sig")
    assert import_features(tmp_path / "x.npy", tmp_path / "out", tmp_path / "ids.txt").ids == ["a", "b"]


@pytest.mark.parametrize("column", ["score", "quality", "mine"])
def test_labels(matrix, tmp_path, column):
    np.save(tmp_path / "y.npy", np.linspace(0, 1, 5))
    store = import_features(matrix, tmp_path / "s", labels=tmp_path / "y.npy", label_column=column)
    assert store.samples[column].tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_columns_of_the_file_come_along(tmp_path):
    np.savez(tmp_path / "x.npz", features=FEATURES, ids=np.array(IDS), score=np.arange(5), type=np.ones(5, int))
    store = import_features(tmp_path / "x.npz", tmp_path / "s")
    assert store.ids == IDS
    assert store.samples["score"].tolist() == [0, 1, 2, 3, 4]
    assert store.samples["type"].dtype == np.int64


def test_float64_is_converted_when_asked_for(tmp_path):
    np.save(tmp_path / "x.npy", FEATURES.astype(np.float64))
    with pytest.raises(InputError, match="does not hold float64; say which dtype to store: float32 or float16"):
        import_features(tmp_path / "x.npy", tmp_path / "s")
    assert np.array_equal(import_features(tmp_path / "x.npy", tmp_path / "s", dtype="float32").features, FEATURES)
    half = import_features(tmp_path / "x.npy", tmp_path / "h", dtype="float16")
    assert np.array_equal(half.features, FEATURES.astype(np.float16))


def test_values_beyond_half_precision_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", FEATURES * 1e6)
    with pytest.raises(InputError, match="beyond the range of float16"):
        import_features(tmp_path / "x.npy", tmp_path / "s", dtype="float16")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"table": "short.npy"}, r"short.npy: an array of shape \(2,\) does not fit 5"),
        ({"table": "short.txt"}, "short.txt: 2 ids do not fit the 5 feature rows"),
        ({"table": "gone.csv"}, "no such file"),
        ({"table": "gone.txt"}, "cannot be read as ids"),
        ({"labels": "short.npy"}, "does not fit 5"),
        ({"labels": "short.txt"}, "cannot be read as an .npy file"),
        ({"dtype": "float64"}, "must be one of float32, float16"),
    ],
)
def test_import_refuses(matrix, tmp_path, arguments, message):
    np.save(tmp_path / "short.npy", np.arange(2))
    (tmp_path / "short.txt").write_text("a\nb\n")
    arguments = {name: tmp_path / value if "." in value else value for name, value in arguments.items()}
    with pytest.raises(InputError, match=message):
        import_features(matrix, tmp_path / "s", **arguments)
    assert not (tmp_path / "s").exists()


@pytest.fixture(params=["float32", "float16"])
def store(request, tmp_path, monkeypatch):
    monkeypatch.setattr("syndr.features.store.SHARD_BYTES", 24)
    for module in ("store", "exchange"):
        monkeypatch.setattr(f"syndr.features.{module}.BLOCK_BYTES", 24)
    samples = Samples.from_columns(id=IDS, score=[1.0, None, 3.0, 4.0, 5.0])
    return FeatureStore.create(tmp_path / "s", samples, FEATURES.astype(request.param), Manifest())


def test_export_to_npy(store, tmp_path):
    calls = []
    files = export(store, tmp_path / "out.npy", lambda *call: calls.append(call))
    assert files == [tmp_path / "out.npy", tmp_path / "out.samples.parquet"]
    written = np.load(files[0])
    assert written.dtype == store.features.dtype
    assert np.array_equal(written, store.features)
    assert Samples.read(files[1]).table.equals(store.samples.table)
    assert calls[0] == ("export", 0, 5)
    assert calls[-1] == ("export", 5, 5)


def test_export_to_parquet_and_back(store, tmp_path):
    assert export(store, tmp_path / "out.parquet") == [tmp_path / "out.parquet"]
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert table.column_names == ["id", "score", "features"]
    ids, features = read_features(tmp_path / "out.parquet")
    assert ids == IDS
    assert features.dtype == store.features.dtype
    assert np.array_equal(features, store.features)
    again = import_features(tmp_path / "out.parquet", tmp_path / "again")
    assert again.samples.table.equals(store.samples.table)


def test_export_refuses(store, tmp_path):
    with pytest.raises(InputError, match="exported as .npy or .parquet"):
        export(store, tmp_path / "out.csv")
    samples = store.samples.with_column("features", range(5))
    other = FeatureStore.create(tmp_path / "other", samples, np.asarray(store.features))
    with pytest.raises(InputError, match="column 'features' already"):
        export(other, tmp_path / "out.parquet")
    assert not list(tmp_path.glob("out*"))
