"""Files that claim to be far larger than they are, or that unpack to far more: refused before memory is spent."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
import zlib

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hostile_readers import READERS, features, make_store, samples

from syndr.errors import ImageError, InputError, MissingExtraError, StoreError
from syndr.features import FeatureStore, import_features, read_features
from syndr.files import read_json
from syndr.images import decode, open_pictures
from syndr.recipe import read_recipe
from syndr.samples import Samples

pytestmark = pytest.mark.usefixtures("bounded")


def npy(shape, descr="<f4", data=b""):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + data


@pytest.mark.parametrize("shape", [(10**15, 4), (2**63, 2), (2**40, 2**40), (-1, 4), (4,) * 40, (10**15,)])
@pytest.mark.parametrize("descr", ["<f4", "<U1000000", "|O"])
def test_an_npy_of_claims(tmp_path, shape, descr):
    np.save(tmp_path / "x.npy", features())
    (tmp_path / "big.npy").write_bytes(npy(shape, descr, bytes(64)))
    with pytest.raises(InputError, match="big.npy: "):
        read_features(tmp_path / "big.npy")
    with pytest.raises(InputError, match="big.npy: "):
        import_features(tmp_path / "x.npy", tmp_path / "store", labels=tmp_path / "big.npy")
    with zipfile.ZipFile(tmp_path / "big.npz", "w") as archive:
        archive.writestr("features.npy", npy(shape, descr, bytes(64)))
    with pytest.raises(InputError, match="big.npz: "):
        read_features(tmp_path / "big.npz")


def test_a_pickle_in_an_npy_is_not_loaded(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="x.npy: cannot be read as features .*(allow_pickle=False|Python objects)"):
        read_features(tmp_path / "x.npy")


def test_an_archive_named_npy(tmp_path):
    np.savez(tmp_path / "x.npz", features=features())
    (tmp_path / "x.npz").rename(tmp_path / "x.npy")
    with pytest.raises(InputError, match=r"an archive of arrays, not one array; name it \.npz"):
        read_features(tmp_path / "x.npy")


def test_a_zip_bomb_named_npz(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("features.npy", npy((2**27, 4), data=bytes(2**20)) + bytes(2**20))
        claimed = archive.getinfo("features.npy")
        claimed.file_size = 2**31  # written into the directory
    with pytest.raises(InputError, match="would unpack to 2,147,483,648 bytes"):
        read_features(tmp_path / "x.npz")
    with pytest.raises(InputError, match="x.xlsx: .*would unpack"):
        from syndr.datasets.label_files import read_sheet

        (tmp_path / "x.npz").rename(tmp_path / "x.xlsx")
        read_sheet(tmp_path / "x.xlsx", ["a"])


def test_a_row_number_beyond_every_spreadsheet(tmp_path):
    path = READERS["database .xlsx"].make(tmp_path)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    files[sheet] = files[sheet].replace(b'r="3"', b'r="99999999999"').replace(b'"B3"', b'"B99999999999"')
    files[sheet] = files[sheet].replace(b'"A3"', b'"A99999999999"').replace(b"A1:B3", b"A1:B99999999999")
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with pytest.raises(InputError, match="more than 1,048,576 rows"):
        READERS["database .xlsx"].read(path)


@pytest.mark.parametrize("length", [2**60, 2**63, 2**64 - 1, 10**8 - 1])
def test_a_safetensors_header_of_claims(tmp_path, length):
    for name in ("x.safetensors", "m.safetensors"):
        (tmp_path / name).write_bytes(struct.pack("<Q", length) + b"{}" + bytes(99))
    with pytest.raises(InputError, match="x.safetensors: "):
        read_features(tmp_path / "x.safetensors")
    with pytest.raises(StoreError, match="m.safetensors: "):
        READERS["model"].read(tmp_path / "m.safetensors")


def test_a_model_that_claims_a_huge_head(tmp_path):
    from syndr.training.tensor_file import read_tensors, write_tensors

    path = READERS["model"].make(tmp_path)
    tensors, description = read_tensors(path, "quality model, version 1")
    for changes in ({"dims": 10**14}, {"hidden": 10**14}, {"dims": "six"}, {"hidden": [1]}, {"dims": None}):
        write_tensors(path, tensors, description | changes)
        with pytest.raises(StoreError, match="m.safetensors: "):
            READERS["model"].read(path)


def test_a_backbone_name_in_a_model_file_reaches_no_network(tmp_path):
    from syndr.training import read_model
    from syndr.training.tensor_file import read_tensors, write_tensors

    path = READERS["model"].make(tmp_path)
    tensors, description = read_tensors(path, "quality model, version 1")
    for name in ("timm/hf-hub:someone/model", "hf-hub:someone/model", "timm/local-dir:/tmp", "../../model", ["a"], 7):
        write_tensors(path, tensors, description | {"backbone": name})
        # Where timm is not installed, it is asked for instead.
        with pytest.raises((StoreError, MissingExtraError), match="cannot be loaded into backbone|timm"):
            read_model(path)


def test_a_parquet_file_of_a_billion_equal_rows(tmp_path):
    one = pa.array(["x" * 50]).dictionary_encode()
    column = pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array(np.zeros(10**6, np.int8)), one.dictionary)] * 4)
    pyarrow.parquet.write_table(pa.table({"id": column}), tmp_path / "t.parquet", compression="zstd")
    assert (tmp_path / "t.parquet").stat().st_size < 100_000
    with pytest.raises(InputError, match="t.parquet: .*4,000,000 rows in .* bytes"):
        Samples.read(tmp_path / "t.parquet")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"id": ' + "[" * 100_000])
def test_deep_nesting(tmp_path, text):
    for name in ("a.json", "a.toml", "t.jsonl"):
        (tmp_path / name).write_text(text if name != "a.toml" else f"a = {text}")
    with pytest.raises(StoreError, match=r"a\.json"):
        read_json(tmp_path / "a.json")
    with pytest.raises(InputError, match=r"a\.toml"):
        read_recipe(tmp_path / "a.toml")
    with pytest.raises(InputError, match=r"t\.jsonl"):
        Samples.read(tmp_path / "t.jsonl")
    make_store(tmp_path)
    manifest = tmp_path / "store/manifest.json"
    manifest.write_text(manifest.read_text().replace("{", '{"x": ' + text + ",", 1))
    with pytest.raises(StoreError, match=r"manifest\.json is damaged"):
        FeatureStore.open(tmp_path / "store")


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "../secret.npy"},
        {"file": "/etc/features-00000.npy"},
        {"file": "features-00000.npy/../../secret.npy"},
        {"rows": -1},
        {"rows": 10**15},
        {"rows": 2**70},
    ],
)
def test_a_manifest_names_its_own_shards_alone(tmp_path, changes):
    store = make_store(tmp_path)
    np.save(tmp_path / "secret.npy", features())
    manifest = json.loads((store / "manifest.json").read_text())
    manifest["shards"][0] |= changes
    (store / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(StoreError, match="store: "):
        FeatureStore.open(store)


def test_an_index_of_another_type(tmp_path):
    store = make_store(tmp_path)
    index = pyarrow.parquet.read_table(store / "index.parquet")
    index = index.set_column(0, "id", pa.array([[1]] * len(index)))
    pyarrow.parquet.write_table(index, store / "index.parquet")
    with pytest.raises(StoreError, match=r"index\.parquet is absent or damaged"):
        _ = FeatureStore.open(store).ids


def png(width, height, data):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def test_a_picture_that_claims_or_unpacks_to_more_than_the_limit(tmp_path):
    (tmp_path / "claims.png").write_bytes(png(100_000, 100_000, b""))
    (tmp_path / "bomb.png").write_bytes(png(16, 16, bytes(50_000_000)))
    with pytest.raises(ImageError, match="too large"):
        decode(tmp_path / "claims.png")
    assert decode(tmp_path / "bomb.png").shape == (3, 16, 16)  # what lies behind the last pixel is not unpacked


def tar_of(*members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, size in members:
            info = tarfile.TarInfo(name)
            info.size = size
            archive.addfile(info, io.BytesIO(bytes(max(size, 0))))
    return bytearray(file.getvalue())


def with_size(header, field):
    """A tar header with another size field and its checksum put right."""
    header = bytearray(header)
    header[124:136] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (b"\xff" * 8 + struct.pack(">i", -1024), "negative|damaged"),
        (b"\xff" * 8 + struct.pack(">i", -512), "negative|damaged"),
        (b"\x80" + b"\x7f" * 11, "cut off|damaged|large|unexpected end"),
        (b"\x80" + b"\x00" * 7 + b"\x7f" * 4, "cut off|damaged|unexpected end"),
        (b"77777777777\0", "cut off|large|unexpected end"),
    ],
)
def test_a_tar_member_of_a_claimed_size(tmp_path, field, message):
    data = tar_of(("0.png", 600), ("1.png", 10))
    data[:512] = with_size(data[:512], field)
    (tmp_path / "p.tar").write_bytes(data)
    try:
        source = open_pictures(tmp_path / "p.tar")
    except InputError as error:
        assert "p.tar" in str(error)
        return
    problems = []
    for row in range(len(source.samples)):
        try:
            decode(source.file(row))
        except ImageError as error:
            problems.append(str(error))
    assert len(problems) == len(source.samples) > 0
    assert any(__import__("re").search(message, problem) for problem in problems), problems


def test_damage_in_the_middle_of_a_tar_is_not_its_end(tmp_path):
    data = tar_of(("0.png", 600), ("1.png", 10), ("2.png", 10))
    data[512 * 3 + 150] ^= 0x55  # the checksum of the second header
    (tmp_path / "p.tar").write_bytes(data)
    source = open_pictures(tmp_path / "p.tar")
    assert source.samples.ids == ["0.png", "p.tar"]
    with pytest.raises(ImageError, match="the archive is damaged"):
        source.file(1)


def test_nothing_is_lost_on_the_way(tmp_path):
    """The limits above leave ordinary files alone: many equal rows, and features of zeros."""
    count = 20_000
    many = Samples.from_columns(id=[str(row) for row in range(count)], note=["same"] * count)
    many.write(tmp_path / "t.parquet")
    assert Samples.read(tmp_path / "t.parquet").table.equals(many.table)
    np.savez_compressed(tmp_path / "z.npz", features=np.zeros((count, 64), np.float32))
    assert read_features(tmp_path / "z.npz")[1].shape == (count, 64)
    assert msgspec.json.decode((make_store(tmp_path) / "manifest.json").read_bytes())["shards"][0]["rows"] == len(
        samples()
    )


def test_texts_that_are_no_utf8_in_a_parquet_file(tmp_path):
    offsets, texts = (pa.py_buffer(np.array([0, 2], np.int32)), pa.py_buffer(b"\xf0\x28"))
    broken = pa.Array.from_buffers(pa.string(), 1, [None, offsets, texts])
    pyarrow.parquet.write_table(pa.table({"id": broken}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="t.parquet: cannot be read as .parquet: .*UTF8"):
        Samples.read(tmp_path / "t.parquet")


def test_a_matlab_file_whose_compressed_data_are_damaged(tmp_path):
    from scipy.io import savemat

    from syndr.datasets.label_files import read_mat

    savemat(tmp_path / "x.mat", {"scores": np.arange(900.0) ** 2}, do_compression=True)
    data = bytearray((tmp_path / "x.mat").read_bytes())
    for at in range(len(data) - 400, len(data) - 300):
        data[at] ^= 0xFF
    (tmp_path / "x.mat").write_bytes(data)
    with pytest.raises(InputError, match="x.mat: cannot be read as a MATLAB file"):
        read_mat(tmp_path / "x.mat", "scores")
    (tmp_path / "x.mat").write_bytes(b"")
    with pytest.raises(InputError, match="x.mat: cannot be read as a MATLAB file"):
        read_mat(tmp_path / "x.mat", "scores")


def test_file_names_that_are_no_texts(tmp_path):
    from syndr.images import read_imagefolder

    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "metadata.csv").write_bytes(b"file_name,quality\n\xf0(.png,1\n")
    with pytest.raises(InputError, match="metadata.csv: "):
        read_imagefolder(tmp_path)
