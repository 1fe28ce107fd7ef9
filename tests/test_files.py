"""Atomic writes: the whole new file or the old one untouched, and no litter."""

from __future__ import annotations

import os

import pytest

from syndr.files import atomic_path, remove_unfinished, write_text


def test_a_new_file_in_a_new_folder(tmp_path):
    target = tmp_path / "deep" / "er" / "a.txt"
    write_text(target, "é\n")
    assert target.read_bytes() == "é\n".encode()
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_failure_leaves_the_old_file(tmp_path, error):
    target = tmp_path / "a.csv"
    target.write_text("old")
    with pytest.raises(error), atomic_path(target) as temporary:
        temporary.write_text("half of the ne")
        assert target.read_text() == "old"
        raise error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_temporary_file_is_beside_the_target_and_shares_its_suffix(tmp_path):
    with atomic_path(tmp_path / "table.parquet") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".parquet"
        assert temporary.name.startswith(".")
        temporary.write_bytes(b"x")
    assert (tmp_path / "table.parquet").read_bytes() == b"x"


def test_a_writer_may_replace_the_temporary_file(tmp_path):
    with atomic_path(tmp_path / "a.bin") as temporary:
        other = tmp_path / "other"
        other.write_bytes(b"replaced")
        other.replace(temporary)
    assert (tmp_path / "a.bin").read_bytes() == b"replaced"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_permissions_are_those_of_any_new_file(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "a.txt", "x")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == mode


def test_what_a_killed_writer_left_can_be_removed(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in (".hidden.csv", "a.unfinished-b.csv", "deep/a.csv"):
        (tmp_path / name).touch()
    with atomic_path(tmp_path / "deep" / "a.csv") as first, atomic_path(tmp_path / ".b.png") as second:
        copies = [path.with_name(path.name.replace("unfinished-", "unfinished-0")) for path in (first, second)]
        for path in copies:
            path.touch()
    remove_unfinished(tmp_path)
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == [".b.png", ".hidden.csv", "a.unfinished-b.csv", "deep/a.csv"]
