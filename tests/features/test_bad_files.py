"""A pool as it comes from the web: what can be read is, what cannot is listed with its reason, wherever it lies."""

from __future__ import annotations

import io
import tarfile

import numpy as np
import pytest
from pictures import scene
from PIL import Image

from syndr.features import extract
from syndr.images import open_pictures, read_rejected
from syndr.samples import Samples

SETTINGS = {"batch_size": 4, "crop": 32}


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind, data):
    import struct
    import zlib

    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb():
    """A PNG of a few bytes that would be 100,000 x 100,000 pixels."""
    import struct
    import zlib

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


PICTURE = Image.fromarray(scene(0, 40, 56))
CMYK, DEEP = PICTURE.convert("CMYK"), Image.fromarray(np.asarray(PICTURE.convert("L")).astype(np.uint16) * 257)
JPEG, PNG = encoded(PICTURE, "JPEG"), encoded(PICTURE, "PNG")

GOOD = {
    "photo.jpg": JPEG,
    "with space.png": PNG,
    "new\nline.png": encoded(PICTURE.rotate(90), "PNG"),
    "ünïcødé ☃ 写真.webp": encoded(PICTURE.rotate(180), "WEBP"),
    "a png.jpg": encoded(PICTURE.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "PNG"),
    "upper.BMP": encoded(PICTURE, "BMP"),
    "deep/grey.tiff": encoded(PICTURE.convert("L"), "TIFF"),
    "deep/alpha.png": encoded(PICTURE.convert("RGBA"), "PNG"),
    "deep/cmyk.jpg": encoded(CMYK, "JPEG"),
    "deep/16 bits.png": encoded(DEEP, "PNG"),
    "tiny.png": encoded(PICTURE.resize((3, 2)), "PNG"),
}
BAD = {
    "empty.jpg": (b"", "empty (0 bytes)"),
    "page.jpg": (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "HTML"),
    "cut.jpg": (JPEG[: len(JPEG) // 2], "truncated"),
    "cut.png": (PNG[: len(PNG) // 2], "truncated"),
    "text.png": (b"just some text that is no picture", "not an image"),
    "bomb.png": (png_bomb(), "too large"),
    "float.tif": (encoded(Image.fromarray(np.ones((9, 9), np.float32)), "TIFF"), "mode F"),
    "strip.png": (encoded(Image.new("L", (300_000, 1)), "PNG"), "too elongated"),
}
FILES = GOOD | {name: data for name, (data, _) in BAD.items()}


@pytest.fixture
def pool(tmp_path):
    for name, data in FILES.items():
        path = tmp_path / "pool" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "pool"


def check(store, others):
    """What is kept and what is set aside, and the reasons."""
    assert sorted(store.ids) == sorted(GOOD)
    rejected = {entry.id: entry.reason for entry in read_rejected(store.path / "rejected.csv")}
    assert set(rejected) == {*BAD, *others}
    for name, reason in {**{name: reason for name, (_, reason) in BAD.items()}, **others}.items():
        assert reason in rejected[name], name
        assert ";" in rejected[name], "the reason must say what to do"


def test_a_folder_of_the_web(pool, tiny, tmp_path):
    (pool / "deep/up").symlink_to(pool)
    (pool / "circle.png").symlink_to(pool / "circle.png")
    (pool / "dangling.png").symlink_to("gone.png")
    source = open_pictures(pool)
    store = extract(source.samples, tiny(), tmp_path / "out", files=source.file, **SETTINGS)
    check(store, {"circle.png": "cannot be opened", "dangling.png": "no such file"})


def test_every_source_gives_the_same_features_by_id(pool, tiny, tmp_path):
    with tarfile.open(tmp_path / "pool.tar", "w") as archive:
        for name, data in reversed(FILES.items()):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    names = sorted(FILES, key=lambda name: name[::-1])
    Samples.from_columns(id=names, path=[str(pool / name) for name in names]).write(tmp_path / "pool.parquet")
    stores = []
    for number, where in enumerate([pool, f"{pool}/**", tmp_path / "pool.tar", tmp_path / "pool.parquet"]):
        source = open_pictures(where)
        stores.append(extract(source.samples, tiny(), tmp_path / str(number), files=source.file, **SETTINGS))
        check(stores[-1], {})
    for store in stores[1:]:
        assert np.allclose(store.rows(stores[0].ids), stores[0].features, rtol=1e-5, atol=1e-6)
        assert store.samples["path"][0] != ""
    # In the same order of files, to the last bit.
    assert np.array_equal(stores[1].features, stores[0].features)


def test_what_is_set_aside_is_listed_the_same_way_from_memory(pool, tiny, tmp_path):
    """The reasons do not depend on whether the file is a path or bytes."""
    source = open_pictures(pool)
    ids = source.samples.ids
    memory = extract(source.samples, tiny(), tmp_path / "m", files=lambda row: FILES[ids[row]], **SETTINGS)
    paths = extract(source.samples, tiny(), tmp_path / "p", files=source.file, **SETTINGS)
    assert read_rejected(memory.path / "rejected.csv") == read_rejected(paths.path / "rejected.csv")
    assert np.array_equal(memory.features, paths.features)
