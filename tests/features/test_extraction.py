"""Extraction: what is stored, what is set aside, and that neither changes another row's bytes."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from syndr.errors import ImageError, InputError, StoreError
from syndr.features import FeatureStore, build_backbone, extract
from syndr.images import center_crop, decode, encode_png
from syndr.samples import Samples

SETTINGS = {"batch_size": 4, "crop": 32, "threads": 2}
RESERVED = {"features-00000.npy", "index.parquet", "samples.parquet", "manifest.json", "rejected.csv"}


def cosine(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))


def rejected_rows(store):
    with (store.path / "rejected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_features_are_those_of_the_centre_crops(photos, tiny, tmp_path):
    backbone = tiny()
    store = extract(photos, backbone, tmp_path / "out", **SETTINGS)
    crops = torch.stack([center_crop(decode(path), 32) for path in photos["path"]]).float() / 255
    with torch.inference_mode():
        expected = backbone(crops).numpy()
    assert store.ids == photos.ids
    assert store.samples.table.equals(photos.table)
    assert store.features.dtype == np.float32
    assert np.allclose(store.features, expected, atol=1e-6)
    assert {path.name for path in store.path.iterdir()} == RESERVED
    assert [path.name for path in tmp_path.iterdir() if path.name != "photos"] == ["out"]
    assert rejected_rows(store) == []


def test_the_manifest_says_what_was_done(photos, tiny, tmp_path):
    backbone = tiny()
    manifest = extract(photos, backbone, tmp_path / "out", **SETTINGS).manifest
    assert (manifest.backbone, manifest.weights_id) == ("tiny", backbone.weights_id)
    assert (manifest.batch_size, manifest.rows, manifest.dims, manifest.dtype) == (4, 11, 8, "float32")
    assert manifest.preprocess == "center_crop=32 rgb/255 mean=(0.5, 0.4, 0.3) std=(0.2, 0.3, 0.4)"
    assert manifest.versions["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert set(manifest.versions) == {"syndr", "torch", "torchvision", "pillow"}


def test_half_precision_store(photos, tiny, tmp_path):
    full = extract(photos, tiny(), tmp_path / "full", **SETTINGS)
    half = extract(photos, tiny(), tmp_path / "half", dtype="float16", **SETTINGS)
    assert np.array_equal(half.features, full.features[:].astype(np.float16))


def damage(photos, rows):
    """Spoil the files of some rows, each in another way, and give the words their reasons must hold."""
    kinds = {
        "no such file": lambda path: path.unlink(),
        "empty (0 bytes)": lambda path: path.write_bytes(b""),
        "truncated": lambda path: path.write_bytes(path.read_bytes()[:200]),
        "HTML": lambda path: path.write_text("<html>404</html>"),
    }
    for row, spoil in zip(rows, list(kinds.values()) * len(rows), strict=False):
        spoil(Path(photos["path"][row]))
    return (list(kinds) * len(rows))[: len(rows)]


@pytest.mark.parametrize("rows", [[0], [3, 4, 10], [4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 7, 8, 10]])
def test_bad_files_are_set_aside_and_change_no_byte_of_the_others(photos, tiny, tmp_path, rows):
    clean = extract(photos, tiny(), tmp_path / "clean", **SETTINGS)
    reasons = damage(photos, rows)
    store = extract(photos, tiny(), tmp_path / "out", **SETTINGS)
    kept = [row for row in range(len(photos)) if row not in rows]
    assert store.ids == [photos.ids[row] for row in kept]
    assert np.array_equal(store.features, clean.features[kept])
    aside = rejected_rows(store)
    assert [entry["id"] for entry in aside] == [photos.ids[row] for row in rows]
    assert [entry["path"] for entry in aside] == [photos["path"][row] for row in rows]
    for entry, reason in zip(aside, reasons, strict=True):
        assert reason in entry["reason"]
        assert entry["path"] not in entry["reason"]


def test_batches_are_full_and_every_row_keeps_its_place(photos, tiny, tmp_path):
    crops = [center_crop(decode(path), 32).float() / 255 for path in photos["path"]]
    damage(photos, [1, 6])
    backbone, batches = tiny(), []
    backbone.register_forward_pre_hook(lambda module, given: batches.append(given[0].clone()))
    extract(photos, backbone, tmp_path / "out", **SETTINGS)
    black = torch.zeros(3, 32, 32)
    expected = [black if row in (1, 6, 11) else crops[row] for row in range(12)]
    # On a CPU several batches are under way at once, and begin in any order.
    places = {name: at for at, name in enumerate(batch.numpy().tobytes() for batch in torch.stack(expected).split(4))}
    assert sorted(places[batch.numpy().tobytes()] for batch in batches) == [0, 1, 2]


def test_bad_files_change_no_byte_with_a_real_network(photos, tmp_path):
    backbone = build_backbone("resnet50", weights="random")
    settings = {"batch_size": 3, "crop": 64}
    some = photos.take(range(4))
    clean = extract(some, backbone, tmp_path / "clean", **settings)
    damage(some, [1])
    store = extract(some, backbone, tmp_path / "out", **settings)
    assert np.array_equal(store.features, clean.features[[0, 2, 3]])


def test_no_readable_image_at_all(photos, tiny, tmp_path):
    damage(photos, range(11))
    with pytest.raises(StoreError, match=r"none of the 11 images could be read; the first is .*00.png: no such file"):
        extract(photos, tiny(), tmp_path / "out", **SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_row_without_a_path_is_set_aside(photos, tiny, tmp_path):
    paths = [None, *photos["path"][1:]]
    store = extract(photos.with_column("path", paths), tiny(), tmp_path / "out", **SETTINGS)
    assert rejected_rows(store) == [
        {"id": "00.png", "path": "", "reason": "the row has no path; give it one or remove the row"}
    ]


@pytest.mark.parametrize("batch_size", [1, 3, 11, 64])
def test_batch_size_and_row_order_move_features_by_rounding_only(photos, tiny, tmp_path, batch_size):
    one = extract(photos, tiny(), tmp_path / "one", **SETTINGS)
    order = np.random.default_rng(batch_size).permutation(len(photos))
    settings = SETTINGS | {"batch_size": batch_size, "threads": 1}
    other = extract(photos.take(order), tiny(), tmp_path / "other", **settings)
    assert other.ids == [photos.ids[row] for row in order]
    assert (1 - cosine(other.rows(photos.ids), one.features[:])).max() < 1e-5


def test_pictures_from_a_function(photos, tiny, tmp_path):
    """Virtual rows are made on demand; a row that cannot be made is set aside."""
    pictures = [decode(path) for path in photos["path"]]

    def make(row):
        if row == 5:
            raise ImageError("its reference cannot be read; restore it")
        return pictures[row]

    virtual = Samples.from_columns(id=photos.ids, type=[1] * 11, level=[2] * 11, seed=range(11))
    store = extract(virtual, tiny(), tmp_path / "out", images=make, **SETTINGS)
    clean = extract(photos, tiny(), tmp_path / "clean", **SETTINGS)
    assert np.array_equal(store.features, clean.features[[row for row in range(11) if row != 5]])
    assert rejected_rows(store) == [{"id": "05.png", "path": "", "reason": "its reference cannot be read; restore it"}]


def test_other_errors_of_the_function_are_raised(photos, tiny, tmp_path):
    def wrong(row):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        extract(photos, tiny(), tmp_path / "out", images=wrong, **SETTINGS)
    with pytest.raises(InputError, match="uint8 pictures of shape"):
        extract(photos, tiny(), tmp_path / "out2", images=lambda row: torch.rand(3, 9, 9), **SETTINGS)


def test_the_network_keeps_its_modes_and_runs_in_evaluation_mode(photos, tiny, tmp_path):
    backbone = tiny()
    seen = []
    backbone.body[1].register_forward_hook(lambda module, *_: seen.append((module.training, torch.is_grad_enabled())))
    backbone.train()
    backbone.body[0].eval()
    extract(photos, backbone, tmp_path / "out", **SETTINGS)
    assert set(seen) == {(False, False)}
    assert [module.training for module in backbone.body] == [False, True, True, True]


def test_the_index_knows_the_files(photos, tiny, tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (50, 40), "red").save(photos["path"][3], exif=exif)
    damage(photos, [5])
    store = extract(photos, tiny(), tmp_path / "out", hash_files=True, **SETTINGS)
    files = [Path(path) for row, path in enumerate(photos["path"]) if row != 5]
    assert store.index["path"].to_pylist() == list(map(str, files))
    assert store.index["file_size"].to_pylist() == [path.stat().st_size for path in files]
    hashes = [f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    assert store.index["content_hash"].to_pylist() == hashes
    sizes = [tuple(decode(path).shape[1:]) for path in files]
    assert list(zip(*store.index.select(["height", "width"]).to_pydict().values(), strict=True)) == sizes
    assert sizes[3] == (50, 40)
    plain = extract(photos, tiny(), tmp_path / "plain", **SETTINGS)
    assert plain.index["content_hash"].null_count == 10
    assert np.array_equal(plain.features, store.features)


def test_files_from_memory(photos, tiny, tmp_path):
    """Rows whose files are bytes: those of an archive, of a data set."""
    data = [Path(path).read_bytes() for path in photos["path"]]
    table = Samples.from_columns(id=photos.ids)

    def file(row):
        return data[row] if row != 4 else b"<html>"

    store = extract(table, tiny(), tmp_path / "out", files=file, **SETTINGS)
    clean = extract(photos, tiny(), tmp_path / "clean", **SETTINGS)
    assert np.array_equal(store.features, clean.features[[row for row in range(11) if row != 4]])
    [entry] = rejected_rows(store)
    assert (entry["id"], entry["path"]) == ("04.png", "")
    assert entry["reason"].startswith("not an image but HTML")


def test_the_run_stops_when_too_many_are_set_aside(photos, tiny, tmp_path):
    damage(photos, [1, 5, 6])
    with pytest.raises(StoreError, match=r"stopped: 3 images could not be read, more than the 2 allowed; the last is "
                       r".*06.png: truncated .* What was finished is kept"):  # fmt: skip
        extract(photos, tiny(), tmp_path / "out", max_rejected=2, **SETTINGS)
    assert not (tmp_path / "out").exists()
    # The cause is removed: the batch in which the limit was passed had not been counted.
    for row in (5, 6):
        Path(photos["path"][row]).write_bytes(Path(photos["path"][0]).read_bytes())
    seen = []
    store = extract(photos, tiny(), tmp_path / "out", max_rejected=2, watch=seen.append, **SETTINGS)
    assert [entry["id"] for entry in rejected_rows(store)] == ["01.png"] == [entry.id for entry in seen]


def test_as_many_as_allowed_may_be_set_aside(photos, tiny, tmp_path):
    damage(photos, [1, 5, 6])
    seen = []
    assert len(extract(photos, tiny(), tmp_path / "out", max_rejected=3, watch=seen.append, **SETTINGS)) == 8
    assert [entry.id for entry in seen] == ["01.png", "05.png", "06.png"]


def test_a_cpu_takes_a_few_pictures_at_a_time(photos, tiny, tmp_path):
    backbone, sizes = tiny(), []
    backbone.body.register_forward_pre_hook(lambda module, given: sizes.append(tuple(given[0].shape)))
    extract(photos, backbone, tmp_path / "out", batch_size=10, crop=224)
    assert sizes == [(2, 3, 224, 224)] * 10
    sizes.clear()
    extract(photos, backbone, tmp_path / "large", batch_size=2, crop=500)
    assert sizes == [(1, 3, 500, 500)] * 12


def test_features_do_not_depend_on_the_number_of_threads(photos, tiny, tmp_path):
    threads = torch.get_num_threads()
    stores = []
    try:
        for number in (1, 3):
            torch.set_num_threads(number)
            stores.append(extract(photos, tiny(), tmp_path / str(number), batch_size=10, crop=224))
            assert torch.get_num_threads() == number
    finally:
        torch.set_num_threads(threads)
    assert np.array_equal(stores[0].features[:], stores[1].features[:])


def test_half_precision_of_the_forward_pass(photos, tiny, tmp_path):
    full = extract(photos, tiny(), tmp_path / "full", **SETTINGS)
    half = extract(photos, tiny(), tmp_path / "half", precision="bfloat16", **SETTINGS)
    assert half.manifest.precision == "bfloat16"
    assert half.features.dtype == np.float32
    distance = (1 - cosine(half.features[:], full.features[:])).max()
    assert 0 < distance < 1e-4
    with pytest.raises(StoreError, match="precision was bfloat16 and is now float32"):
        extract(photos, tiny(), tmp_path / "half", **SETTINGS)


@pytest.mark.slow
def test_a_compiled_network(photos, tiny, tmp_path):
    if shutil.which(os.environ.get("CXX", "g++")) is None:
        pytest.skip("no C++ compiler for torch.compile")
    plain = extract(photos, tiny(), tmp_path / "plain", **SETTINGS)
    compiled = extract(photos, tiny(), tmp_path / "compiled", compile=True, **SETTINGS)
    assert compiled.manifest.precision == "float32 compiled"
    assert (1 - cosine(plain.features[:], compiled.features[:])).max() < 1e-5


def test_progress_counts_table_rows(photos, tiny, tmp_path):
    calls = []
    damage(photos, [2])
    extract(photos, tiny(), tmp_path / "out", progress=lambda *call: calls.append(call), **SETTINGS)
    assert calls == [("extract features", done, 11) for done in (0, 4, 8, 11)]


def test_a_size_that_the_network_does_not_take(photos, tmp_path):
    backbone = build_backbone("vit_b_32", weights="random")
    with pytest.raises(InputError, match=r"vit_b_32 failed on 2 pictures of 32 x 32 pixels .*choose another crop"):
        extract(photos, backbone, tmp_path / "out", batch_size=2, crop=32)


def test_the_crop_is_the_network_s_own_by_default(photos, tiny, tmp_path):
    backbone = tiny()
    backbone.crop = 24
    manifest = extract(photos, backbone, tmp_path / "out", batch_size=4).manifest
    assert manifest.preprocess.startswith("center_crop=24 ")


def test_wrong_dims_are_noticed(photos, tiny, tmp_path):
    backbone = tiny()
    backbone.dims = 9
    with pytest.raises(InputError, match=r"tiny gave features of shape \(4, 8\) for 4 images; it declares 9"):
        extract(photos, backbone, tmp_path / "out", **SETTINGS)


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (Samples.from_columns(id=[], path=[]), {}, "the sample table is empty"),
        (Samples.from_columns(id=["a"]), {}, "no column 'path'"),
        (Samples.from_columns(id=["a"], path=["a.png"], seed=[3]), {}, "virtual rows .*give images="),
        (Samples.from_columns(id=["a"], path=["a.png"]), {"batch_size": 0}, "batch_size=0 and crop=224"),
        (Samples.from_columns(id=["a"], path=["a.png"]), {"crop": 0}, "batch_size=32 and crop=0"),
        (Samples.from_columns(id=["a"], path=["a.png"]), {"dtype": "float64"}, "must be one of float32, float16"),
        (Samples.from_columns(id=["a"], path=["a.png"]), {"precision": "int8"}, "must be one of float32, float16, bf"),
        (Samples.from_columns(id=["a"], path=["a.png"]), {"images": len, "files": len}, "give one of them"),
    ],
)
def test_bad_arguments(table, options, message, tiny, tmp_path):
    with pytest.raises(InputError, match=message):
        extract(table, tiny(), tmp_path / "out", **options)
    assert not list(tmp_path.iterdir())


def test_the_store_can_be_opened_again(photos, tiny, tmp_path):
    store = extract(photos, tiny(), tmp_path / "deep/er/out", **SETTINGS)
    assert np.array_equal(FeatureStore.open(store.path).features, store.features)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_extraction_on_a_device(photos, tmp_path):
    backbone = build_backbone("resnet50", weights="random")
    settings = {"batch_size": 4, "crop": 64}
    here = extract(photos, backbone, tmp_path / "cpu", **settings)
    there = extract(photos, backbone, tmp_path / "cuda", device="cuda", **settings)
    assert (1 - cosine(here.features[:], there.features[:])).max() < 1e-5
    again = extract(photos, backbone, tmp_path / "again", device="cuda", **settings)
    assert np.array_equal(there.features, again.features)


def test_encoded_bytes_and_files_are_decoded_alike(photos):
    picture = decode(photos["path"][0])
    assert torch.equal(decode(encode_png(picture)), picture)
