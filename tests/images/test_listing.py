from __future__ import annotations

import os
import sys

import pytest

from syndr.errors import InputError
from syndr.images import list_images, samples_from_folder


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def ids(folder):
    return [image_id for image_id, _ in list_images(folder)]


def test_images_below_the_folder_in_order_of_id(tmp_path):
    touch(tmp_path, "b.PNG", "a/z.jpg", "a.jpeg", "ö/with space\n.webp", "notes.txt", ".hidden.png", ".git/x.png")
    assert ids(tmp_path) == sorted(["b.PNG", "a/z.jpg", "a.jpeg", "ö/with space\n.webp"])
    for image_id, path in list_images(str(tmp_path)):
        assert path == tmp_path / image_id


def test_table(tmp_path):
    touch(tmp_path, "b.png", "a/c.bmp")
    samples = samples_from_folder(tmp_path)
    assert samples.ids == ["a/c.bmp", "b.png"]
    assert list(samples["path"]) == [str(tmp_path / "a/c.bmp"), str(tmp_path / "b.png")]
    assert samples.table.column_names == ["id", "path"]


def test_links_in_a_circle_end_and_real_names_win(tmp_path):
    touch(tmp_path, "m/pic.png", "z/deep/pic.png")
    (tmp_path / "m/up").symlink_to(tmp_path)
    (tmp_path / "a").symlink_to(tmp_path / "z")
    (tmp_path / "m/self").symlink_to(tmp_path / "m/self")
    assert ids(tmp_path) == ["m/pic.png", "z/deep/pic.png"]


def test_a_linked_folder_is_listed_once(tmp_path):
    touch(tmp_path / "elsewhere", "one.png", "sub/two.png")
    touch(tmp_path / "root", "own.png")
    for name in ("link", "second"):
        (tmp_path / "root" / name).symlink_to(tmp_path / "elsewhere")
    (tmp_path / "through").symlink_to(tmp_path / "root")
    expected = ["link/one.png", "link/sub/two.png", "own.png"]
    assert ids(tmp_path / "root") == expected
    assert ids(tmp_path / "through") == expected


def test_absent_folder(tmp_path):
    with pytest.raises(InputError, match=r"nothing: no such folder; give the folder"):
        list_images(tmp_path / "nothing")


def test_a_file_is_no_folder(tmp_path):
    touch(tmp_path, "a.png")
    with pytest.raises(InputError, match=r"a\.png: is a file, not a folder"):
        list_images(tmp_path / "a.png")


def test_no_image(tmp_path):
    touch(tmp_path, "a.txt")
    with pytest.raises(InputError, match=r"no image found; files must end in one of \.bmp"):
        samples_from_folder(tmp_path)


def test_a_folder_that_cannot_be_listed(tmp_path, monkeypatch):
    touch(tmp_path, "a.png")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match=r"cannot be listed \(Permission denied\); check its permissions"):
        list_images(tmp_path)


@pytest.mark.skipif(sys.platform == "darwin", reason="the file system refuses such names")
def test_a_name_that_is_not_unicode(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.png")).touch()
    with pytest.raises(InputError, match="not valid Unicode; rename it"):
        list_images(tmp_path)
