"""Pictures from folders, patterns, tables, archives and data sets: what is found, and what each row's file holds."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
import torch

from syndr.errors import ImageError, InputError
from syndr.images import decode, encode_png, open_pictures, read_imagefolder, write_image
from syndr.inputs import table_or_folder
from syndr.samples import Samples


def picture(number, size=(3, 12, 16)):
    return torch.randint(0, 256, size, dtype=torch.uint8, generator=torch.Generator().manual_seed(number))


def png(number):
    return encode_png(picture(number))


def shows(source, numbers):
    """The rows' files are the pictures of these numbers, in order."""
    assert len(source.samples) == len(numbers)
    for row, number in enumerate(numbers):
        assert torch.equal(decode(source.file(row)), picture(number))


@pytest.fixture
def pool(tmp_path):
    for number, name in enumerate(["a.png", "b c.PNG", "deep/er/d.jpg", "deep/ü\n.png", "x.dat"]):
        path = tmp_path / "pool" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))
    (tmp_path / "pool/deep/loop").symlink_to(tmp_path / "pool")
    (tmp_path / "pool/.hidden.png").write_bytes(png(9))
    return tmp_path / "pool"


def test_a_folder(pool):
    source = open_pictures(pool)
    assert source.samples.ids == ["a.png", "b c.PNG", "deep/er/d.jpg", "deep/ü\n.png"]
    shows(source, [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("*", ["a.png", "b c.PNG"]),
        ("*.png", ["a.png"]),
        ("[ab]*.[pP]*", ["a.png", "b c.PNG"]),
        ("*.dat", ["x.dat"]),
        ("*/*.png", ["deep/ü\n.png"]),
        ("**/*.png", ["a.png", "deep/ü\n.png"]),
        ("**", ["a.png", "b c.PNG", "deep/er/d.jpg", "deep/ü\n.png"]),
        ("**/er/*", ["deep/er/d.jpg"]),
        ("deep/**/?.jpg", ["er/d.jpg"]),
    ],
)
def test_a_pattern(pool, pattern, ids):
    source = open_pictures(f"{pool}/{pattern}")
    assert source.samples.ids == ids
    for row, name in enumerate(ids):
        below = f"deep/{name}" if name.startswith("er/") else name
        assert Path(source.file(row)).samefile(pool / below)


def test_a_pattern_relative_to_where_one_is(pool, monkeypatch):
    monkeypatch.chdir(pool)
    assert open_pictures("*.png").samples.ids == ["a.png"]
    assert open_pictures("**/*.jpg").samples.ids == ["deep/er/d.jpg"]


def test_a_table(pool, tmp_path):
    table = Samples.from_columns(id=["two", "one", "none"], path=[str(pool / "b c.PNG"), str(pool / "a.png"), None])
    table.write(tmp_path / "t.csv")
    source = open_pictures(tmp_path / "t.csv")
    assert source.samples.ids == ["two", "one", "none"]
    assert source.file(2) is None
    assert torch.equal(decode(source.file(0)), picture(1))
    assert torch.equal(decode(source.file(1)), picture(0))


@pytest.mark.parametrize("where", ["gone", "gone.csv", "gone.tar"])
def test_nothing_there(tmp_path, where):
    with pytest.raises(InputError, match=f"{where}: no such file or folder"):
        open_pictures(tmp_path / where)


@pytest.mark.parametrize("pattern", ["*.webp", "none/*", "none/**"])
def test_a_pattern_that_matches_nothing(pool, pattern):
    with pytest.raises(InputError, match="no image matches; quote the pattern"):
        open_pictures(f"{pool}/{pattern}")


def write_tar(path, members, **options):
    with tarfile.open(path, "w", **options) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def test_an_archive(tmp_path):
    long = "deep/" * 40 + "long name ☃.png"
    members = [
        ("b.png", png(1)),
        ("b.json", b"{}"),
        ("b.cls", b"1"),
        ("./a.jpg", png(0)),
        (".x.png", b"x"),
        (long, png(2)),
    ]
    write_tar(tmp_path / "s.tar", members)
    source = open_pictures(tmp_path / "s.tar")
    assert source.samples.ids == ["b.png", "a.jpg", long]
    assert source.samples["path"][0] == f"{tmp_path}/s.tar/b.png"
    shows(source, [1, 0, 2])


def test_of_two_members_of_one_name_the_last_counts(tmp_path):
    write_tar(tmp_path / "s.tar", [("a.png", png(0)), ("b.png", png(1)), ("a.png", png(2))])
    source = open_pictures(tmp_path / "s.tar")
    assert source.samples.ids == ["b.png", "a.png"]
    shows(source, [1, 2])


def test_links_and_folders_in_an_archive_are_passed_over(tmp_path):
    with tarfile.open(tmp_path / "s.tar", "w") as archive:
        for name, kind in (("f.png", tarfile.DIRTYPE), ("l.png", tarfile.SYMTYPE), ("p.png", tarfile.FIFOTYPE)):
            info = tarfile.TarInfo(name)
            info.type = kind
            archive.addfile(info)
        info = tarfile.TarInfo("a.png")
        info.size = len(png(0))
        archive.addfile(info, io.BytesIO(png(0)))
    shows(open_pictures(tmp_path / "s.tar"), [0])


def test_several_archives(tmp_path):
    write_tar(tmp_path / "s-1.tar", [("a.png", png(0))])
    write_tar(tmp_path / "s-0.tar", [("a.png", png(1)), ("b.png", png(2))])
    source = open_pictures(f"{tmp_path}/s-*.tar")
    assert source.samples.ids == ["s-0.tar/a.png", "s-0.tar/b.png", "s-1.tar/a.png"]
    shows(source, [1, 2, 0])


def test_a_cut_off_archive_gives_what_is_whole_and_says_the_rest(tmp_path):
    write_tar(tmp_path / "s.tar", [(f"{number}.png", png(number)) for number in range(4)])
    whole = (tmp_path / "s.tar").read_bytes()
    starts = [row for row in range(0, len(whole), 512) if whole[row + 1 : row + 5] == b".png"]
    (tmp_path / "s.tar").write_bytes(whole[: starts[2] + 700])  # within the third member's bytes
    source = open_pictures(tmp_path / "s.tar")
    reasons = {}
    for row, name in enumerate(source.samples.ids):
        try:
            assert torch.equal(decode(source.file(row)), picture(row))
        except ImageError as error:
            reasons[name] = str(error)
    assert "s.tar" in reasons or "2.png" in reasons
    assert all("cut off" in reason and "download it again" in reason for reason in reasons.values())
    assert {"0.png", "1.png"} <= set(source.samples.ids) - set(reasons)


def test_an_archive_that_goes_away(tmp_path):
    write_tar(tmp_path / "s.tar", [("a.png", png(0))])
    source = open_pictures(tmp_path / "s.tar")
    (tmp_path / "s.tar").unlink()
    with pytest.raises(ImageError, match="its archive cannot be read"):
        source.file(0)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_bytes(b"nonsense" * 100), "cannot be read as an uncompressed .tar"),
        (lambda path: path.write_bytes(b""), "no image found|cannot be read"),
        (lambda path: write_tar(path, [("a.txt", b"x")]), "no image found in the archive"),
    ],
)
def test_no_archive(tmp_path, write, message):
    write(tmp_path / "s.tar")
    with pytest.raises(InputError, match=message):
        open_pictures(tmp_path / "s.tar")


def test_an_archive_that_a_pattern_finds_but_is_not_there(tmp_path):
    write_tar(tmp_path / "0.tar", [("a.png", png(0))])
    (tmp_path / "1.tar").symlink_to("elsewhere.tar")
    with pytest.raises(InputError, match=r"1\.tar: no such file; correct the path or restore it"):
        open_pictures(f"{tmp_path}/*.tar")


def test_a_compressed_archive_is_refused(tmp_path):
    with tarfile.open(tmp_path / "s.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("a.png")
        archive.addfile(info, io.BytesIO(b""))
    with pytest.raises(InputError, match="decompress it first"):
        open_pictures(tmp_path / "s.tar.gz")


def write_metadata_file(folder, name, **columns):
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    table = pa.table(columns)
    if name.endswith(".csv"):
        pyarrow.csv.write_csv(table, folder / name)
    elif name.endswith(".parquet"):
        pyarrow.parquet.write_table(table, folder / name)
    else:
        import json

        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl", "metadata.parquet"])
def test_an_imagefolder(tmp_path, name):
    for number, image in enumerate(["a.png", "sub/b.png", "c.png"]):
        write_image(tmp_path / image, picture(number))
    write_metadata_file(tmp_path, name, file_name=["sub/b.png", "a.png", "gone.png"], score=[2.0, 1.0, 3.0])
    samples = read_imagefolder(tmp_path)
    assert samples.ids == ["a.png", "c.png", "gone.png", "sub/b.png"]
    assert samples.table["score"].to_pylist() == [1.0, None, 3.0, 2.0]
    assert [Path(path).name for path in samples["path"]] == ["a.png", "c.png", "gone.png", "b.png"]


def test_an_imagefolder_with_ids(tmp_path):
    for number, image in enumerate(["a.png", "b.png"]):
        write_image(tmp_path / image, picture(number))
    write_metadata_file(tmp_path, "metadata.csv", id=["seven"], file_name=["b.png"], path=["elsewhere.png"])
    samples = read_imagefolder(tmp_path)
    assert samples.ids == ["a.png", "seven"]
    assert samples["path"][1] == str(tmp_path / "b.png")


def test_another_file_of_that_name_is_passed_over(tmp_path):
    write_image(tmp_path / "a.png", picture(0))
    write_metadata_file(tmp_path, "metadata.csv", title=["mine"])
    assert read_imagefolder(tmp_path).table.column_names == ["id", "path"]


def test_metadata_that_names_a_file_twice(tmp_path):
    write_image(tmp_path / "a.png", picture(0))
    write_metadata_file(tmp_path, "metadata.csv", file_name=["a.png", "a.png"], score=[1, 2])
    with pytest.raises(InputError, match=r"metadata.csv: 1 rows name a file that another row names"):
        read_imagefolder(tmp_path)


def test_a_folder_has_the_same_ids_wherever_it_is_given(tmp_path):
    write_image(tmp_path / "a.png", picture(0))
    (tmp_path / "metadata.csv").write_text("file_name,id\na.png,first\n")
    assert table_or_folder(tmp_path).ids == open_pictures(tmp_path).samples.ids == ["first"]
