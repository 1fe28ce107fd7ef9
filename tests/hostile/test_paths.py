"""Names that lead elsewhere: what comes with a folder or an archive stays within it."""

from __future__ import annotations

import io
import tarfile

import pytest
import torch
from hostile_readers import make_folder, picture

from syndr.errors import ImageError, InputError
from syndr.images import decode, open_pictures, read_imagefolder, write_image
from syndr.samples import Samples
from syndr.virtual import VirtualDataset, virtual_rows

LEADING_OUT = ["../x.png", "/etc/x.png", "a/../../x.png", "a/./../../x.png"]


def tar_with(path, name, kind=tarfile.REGTYPE, target=""):
    with tarfile.open(path, "w") as archive:
        for each in ("0.png", name):
            data = picture("PNG")
            info = tarfile.TarInfo(each)
            info.size = len(data)
            if each == name and kind != tarfile.REGTYPE:
                info.type, info.linkname, info.size, data = kind, target, 0, b""
            archive.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize("name", LEADING_OUT)
def test_a_tar_gives_only_its_own_bytes_and_never_unpacks(tmp_path, name):
    """Nothing of an archive is written, and a row's path leads through the archive, where no file can be."""
    outside = tmp_path / "x.png"
    write_image(outside, torch.zeros(3, 5, 5, dtype=torch.uint8))
    tar_with(tmp_path / "p.tar", name)
    source = open_pictures(tmp_path / "p.tar")
    assert ".." not in " ".join(source.samples.ids)
    for row, path in enumerate(source.samples["path"]):
        assert decode(source.file(row)).shape == (3, 24, 20)
        with pytest.raises(ImageError):
            decode(path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.tar", "x.png"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_tar_are_not_followed(tmp_path, kind):
    tar_with(tmp_path / "p.tar", "1.png", kind, "/etc/passwd")
    assert open_pictures(tmp_path / "p.tar").samples.ids == ["0.png"]


@pytest.mark.parametrize("name", LEADING_OUT)
def test_the_table_of_an_imagefolder_names_only_its_own_files(tmp_path, name):
    folder = make_folder(tmp_path)
    table = folder / "metadata.csv"
    table.write_text(table.read_text().replace("1.png", name))
    with pytest.raises(InputError, match=r"metadata\.csv: the file name .* leads out of the folder"):
        read_imagefolder(folder)


@pytest.mark.parametrize("name", LEADING_OUT)
def test_pictures_are_written_below_their_folder_alone(tmp_path, name):
    write_image(tmp_path / "r.png", torch.randint(0, 256, (3, 20, 20), dtype=torch.uint8))
    rows = virtual_rows(Samples.from_columns(id=["fine", name], path=[str(tmp_path / "r.png")] * 2), [10], [1])
    table, rejected = VirtualDataset(rows).materialize(tmp_path / "deep/out")
    assert table.ids == ["fine_10_01"]
    assert [("leads out of the folder" in entry.reason) for entry in rejected] == [True]
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"r.png", "deep/out/fine_10_01.png", "deep/out/virtual.json", "deep/out/metadata.csv"}


def test_a_users_own_table_may_name_any_file(tmp_path):
    write_image(tmp_path / "r.png", torch.zeros(3, 5, 6, dtype=torch.uint8))
    (tmp_path / "t.csv").write_text(f"id,path\na,{tmp_path}/x/../r.png\nb,{tmp_path}/r.png\n")
    (tmp_path / "x").mkdir()
    source = open_pictures(tmp_path / "t.csv")
    assert [decode(source.file(row)).shape for row in range(2)] == [(3, 5, 6)] * 2
