"""Folders with one owner at a time, and what a killed one has left in them."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import time

import pytest

from syndr.errors import InputError, StoreError
from syndr.files import atomic_path
from syndr.folders import is_unfinished, locked, new_folder, remove_unfinished, unchanged

FORK = multiprocessing.get_context("fork")


def others(path):
    return sorted(each.name for each in path.iterdir())


def hold(folder, ready):
    with locked(folder):
        ready.set()
        time.sleep(60)


def make_slowly(path, ready):
    with new_folder(path) as folder:
        (folder / "half").write_text("x")
        (folder / "deep").mkdir()
        (folder / "deep" / "er").write_text("x")
        ready.set()
        time.sleep(60)


@pytest.fixture
def killed():
    """Run something in another process until it is ready, then do something, then kill it with signal 9."""

    def run(target, path, meanwhile=lambda: None):
        ready = FORK.Event()
        process = FORK.Process(target=target, args=(path, ready))
        process.start()
        assert ready.wait(30)
        meanwhile()
        os.kill(process.pid, signal.SIGKILL)
        process.join()

    return run


def test_a_lock_keeps_others_out_and_goes_with_its_owner(tmp_path, killed):
    def meanwhile():
        told = pytest.raises(StoreError, match="another process is writing there; wait for it, or stop it")
        with told, locked(tmp_path):
            pytest.fail("two owners")

    killed(hold, tmp_path, meanwhile)
    assert others(tmp_path) == [".lock"]
    with locked(tmp_path):
        assert others(tmp_path) == [".lock"]
    assert others(tmp_path) == []


def test_a_lock_on_a_file_that_has_moved_guards_nothing(tmp_path, monkeypatch):
    """As when the last owner removes it between our opening and our locking."""
    flock, calls = fcntl.flock, []

    def replaced_in_between(file, operation):
        flock(file, operation)
        calls.append(operation)
        if len(calls) == 1:
            (tmp_path / ".lock").unlink()
            (tmp_path / ".lock").touch()

    monkeypatch.setattr(fcntl, "flock", replaced_in_between)
    with locked(tmp_path), pytest.raises(StoreError, match="another process"), locked(tmp_path):
        pytest.fail("two owners")
    assert len(calls) == 2


def test_a_lock_in_a_folder_that_has_just_been_renamed(tmp_path):
    with pytest.raises(StoreError, match="another process is writing there"), locked(tmp_path / "gone"):
        pytest.fail("no folder")


def test_a_new_folder_takes_its_name_when_all_is_in_it(tmp_path):
    with new_folder(tmp_path / "deep/er/s") as folder:
        (folder / "a").write_text("x")
        assert not (tmp_path / "deep/er/s").exists()
    assert others(tmp_path / "deep/er") == ["s"]
    assert others(tmp_path / "deep/er/s") == ["a"]


def test_an_empty_folder_is_taken_and_a_full_one_is_not(tmp_path):
    (tmp_path / "s").mkdir()
    with new_folder(tmp_path / "s") as folder:
        (folder / "a").write_text("x")
    with pytest.raises(StoreError, match="something is there already"), new_folder(tmp_path / "s"):
        pytest.fail("overwritten")
    assert others(tmp_path) == ["s"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_nothing(tmp_path, error):
    with pytest.raises(error), new_folder(tmp_path / "s") as folder:
        (folder / "a").write_text("x")
        raise error
    assert others(tmp_path) == []


def test_what_a_killed_maker_left_is_removed_by_the_next(tmp_path, killed):
    def meanwhile():
        with pytest.raises(StoreError, match="another process is writing there"), new_folder(tmp_path / "s"):
            pytest.fail("two makers")

    killed(make_slowly, tmp_path / "s", meanwhile)
    [left] = others(tmp_path)
    assert is_unfinished(tmp_path / left)
    with new_folder(tmp_path / "s") as folder:
        assert others(folder) == [".lock"]
        (folder / "a").write_text("x")
    assert others(tmp_path) == ["s"]
    assert others(tmp_path / "s") == ["a"]


def test_somebody_finishes_between_the_look_and_the_lock(tmp_path, monkeypatch):
    looks = iter([False, True])
    monkeypatch.setattr("syndr.folders.is_occupied", lambda path: next(looks))
    with pytest.raises(StoreError, match="something is there already"), new_folder(tmp_path / "s"):
        pytest.fail("overwritten")
    assert others(tmp_path) == []


def test_what_a_killed_writer_left_can_be_removed(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in (".hidden.csv", "a.unfinished-b.csv", "deep/a.csv"):
        (tmp_path / name).touch()
    (tmp_path / "deep/.s.unfinished-folder/er").mkdir(parents=True)
    with atomic_path(tmp_path / "deep" / "a.csv") as first, atomic_path(tmp_path / ".b.png") as second:
        copies = [path.with_name(path.name.replace("unfinished-", "unfinished-0")) for path in (first, second)]
        for path in copies:
            path.touch()
    remove_unfinished(tmp_path)
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == [".b.png", ".hidden.csv", "a.unfinished-b.csv", "deep", "deep/a.csv"]


def rewrite(path):
    path.write_bytes(b"other")


def replace(path):
    path.with_name("new").write_bytes(path.read_bytes())
    path.with_name("new").replace(path)


def touch_with_the_clock_set_back(path):
    os.utime(path, (1, 1))


@pytest.mark.parametrize(
    "change",
    [rewrite, replace, touch_with_the_clock_set_back, lambda path: path.unlink()],
    ids=["rewritten", "replaced", "touched", "removed"],
)
def test_a_file_that_changes_while_it_is_read(tmp_path, change):
    path = tmp_path / "x.npy"
    path.write_bytes(b"first")
    told = pytest.raises(InputError, match=r"x\.npy: changed while it was read; nothing was written")
    with told, unchanged(path):
        change(path)


def test_a_file_that_stays(tmp_path):
    (tmp_path / "x.npy").write_bytes(b"first")
    with unchanged(tmp_path / "x.npy"):
        (tmp_path / "x.npy").read_bytes()
