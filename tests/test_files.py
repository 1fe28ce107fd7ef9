"""Atomic writes: the whole new file or the old one untouched, and no litter."""

from __future__ import annotations

import errno
import os

import pytest

from syndr.errors import StoreError
from syndr.files import atomic_path, write_text


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


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_with_the_file(tmp_path, code):
    target = tmp_path / "a.csv"
    target.write_text("old")
    told = pytest.raises(StoreError, match=r"a\.csv: no room to write \(.*\); what was finished is kept: make room")
    with told, atomic_path(target):
        raise OSError(code, os.strerror(code))
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_other_errors_of_the_disk_stay_what_they_are(tmp_path):
    with pytest.raises(OSError, match="Input/output error"), atomic_path(tmp_path / "a.csv"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
