"""Atomic writes: the whole new file or the old one untouched, and no litter."""

from __future__ import annotations

import errno
import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor

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


def write_slowly(target, ready):
    with atomic_path(target) as temporary:
        temporary.write_text("half")
        ready.set()
        time.sleep(60)


@pytest.fixture
def writer(tmp_path):
    """Another process that writes a.csv, until it is killed."""
    fork = multiprocessing.get_context("fork")
    ready = fork.Event()
    process = fork.Process(target=write_slowly, args=(tmp_path / "a.csv", ready))
    process.start()
    assert ready.wait(30)
    yield process
    process.kill()
    process.join()


def test_what_a_killed_writer_left_goes_with_the_next(tmp_path, writer):
    writer.kill()
    writer.join()
    assert len(list(tmp_path.iterdir())) == 1
    write_text(tmp_path / "a.csv", "whole")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.csv"]


def test_what_a_living_writer_has_begun_stays(tmp_path, writer):
    [begun] = tmp_path.iterdir()
    write_text(tmp_path / "a.csv", "whole")
    assert begun.read_text() == "half"
    assert sorted(tmp_path.iterdir()) == sorted([begun, tmp_path / "a.csv"])
    assert (tmp_path / "a.csv").read_text() == "whole"


def test_many_writers_of_one_file(tmp_path):
    target, texts = tmp_path / "a.csv", ["x" * 1000, "y" * 2000]

    def write(number):
        for _ in range(100):
            write_text(target, texts[number % 2])
            assert target.read_text() in texts

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("foreign", ["link", "pipe", "folder"])
def test_something_else_by_the_temporary_name_is_not_written_through(tmp_path, foreign):
    target, other = tmp_path / "a.csv", tmp_path / "other"
    with atomic_path(target) as temporary:
        temporary.write_text("old")
    other.write_text("not ours")
    make = {
        "link": lambda: temporary.symlink_to(other),
        "pipe": lambda: os.mkfifo(temporary),
        "folder": temporary.mkdir,
    }
    make[foreign]()
    write_text(target, "new")
    assert (target.read_text(), other.read_text()) == ("new", "not ours")


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def no_locks(file):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("syndr.files.take", no_locks)
    write_text(tmp_path / "a.csv", "x")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.csv"]


def test_other_errors_of_the_disk_stay_what_they_are(tmp_path):
    with pytest.raises(OSError, match="Input/output error"), atomic_path(tmp_path / "a.csv"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
