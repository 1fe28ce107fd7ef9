"""kill -9 at random moments, and disks that are full: the run goes on, to the same bytes."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from syndr.errors import StoreError
from syndr.features import FeatureStore, extract, verify
from syndr.images import samples_from_folder, write_image

ROWS, BATCH = 61, 3
BATCHES = -(-ROWS // BATCH)
SETTINGS = {"batch_size": BATCH, "crop": 16, "threads": 2, "hash_files": True}

# Importing torch takes seconds: one process does it and forks one that extracts each time it is asked to.
SERVER = textwrap.dedent("""
    import json, os, sys, time
    import torch
    from syndr.features import Backbone, extract, unfinished
    from syndr.images import samples_from_folder
    root, settings = sys.argv[1], json.loads(sys.argv[2])
    unfinished.SHARD_BYTES = 8 * 4 * 10  # a shard is closed after ten rows or a few more
    while sys.stdin.readline():
        child = os.fork()
        if child:
            print(child, flush=True)
            continue
        body = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 5, stride=4), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
        )
        body.load_state_dict(torch.load(f"{root}/tiny.pth", weights_only=True))
        backbone = Backbone("tiny", body, dims=8, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))
        log = os.open(f"{root}/log", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        body.register_forward_hook(lambda *_: os.write(log, b".") and None)
        samples = samples_from_folder(f"{root}/photos")
        extract(samples, backbone, f"{root}/out", progress=lambda *_: time.sleep(0.01), **settings)
        os._exit(0)
""")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def pool(tmp_path):
    generator = torch.Generator().manual_seed(5)
    for number in range(ROWS):
        image = torch.randint(0, 256, (3, 16 + number % 7, 30), dtype=torch.uint8, generator=generator)
        write_image(tmp_path / f"photos/{number:02}.png", image)
    (tmp_path / "photos/40.png").write_bytes(b"")
    return samples_from_folder(tmp_path / "photos")


@pytest.fixture
def undisturbed(pool, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("syndr.features.unfinished.SHARD_BYTES", 8 * 4 * 10)
    store = extract(pool, tiny(), tmp_path / "undisturbed", **SETTINGS)
    assert len(store.manifest.shards) > 3
    return contents(store.path)


def wait_for(child):
    """The child is the server's, not ours: it has ended when it is a zombie or gone."""
    status = Path(f"/proc/{child}/stat")
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.005)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells by /proc when a process has ended")
def test_killed_at_random_moments(pool, tiny, tmp_path, undisturbed):
    torch.save(tiny().body.state_dict(), tmp_path / "tiny.pth")
    command = [sys.executable, "-c", SERVER, str(tmp_path), json.dumps(SETTINGS)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start():
        server.stdin.write("\n")
        server.stdin.flush()
        return int(server.stdout.readline())

    draw = random.Random(20260101)
    kills = 0
    with server:
        for _ in range(12):
            child = start()
            time.sleep(draw.uniform(0, 0.2))
            os.kill(child, signal.SIGKILL)
            wait_for(child)
            kills += 1
            if (tmp_path / "out").exists():
                break
            with pytest.raises(StoreError):
                FeatureStore.open(tmp_path / "out")
        wait_for(start())
        server.stdin.close()
    store = FeatureStore.open(tmp_path / "out")
    assert contents(store.path) == undisturbed
    assert verify(store).problems == []
    assert not list(tmp_path.glob("*.partial"))
    assert BATCHES <= (tmp_path / "log").stat().st_size <= BATCHES + kills, "finished work was done again"


@pytest.mark.parametrize(
    "left", ["nothing", "the journal", "the lock", "both"], ids=lambda left: f"with {left} still there"
)
def test_killed_while_taking_its_name(pool, tiny, tmp_path, undisturbed, left):
    """Between the manifest that says that all is there and the renaming."""
    partial = tmp_path / "out.partial"
    partial.mkdir()
    for name, data in undisturbed.items():
        (partial / name).write_bytes(data)
    if left in ("the journal", "both"):
        (partial / "journal.jsonl").write_bytes(b"")
    if left in ("the lock", "both"):
        (partial / ".lock").touch()
    backbone = tiny()
    backbone.body.register_forward_hook(lambda *_: pytest.fail("finished work was done again"))
    assert contents(extract(pool, backbone, tmp_path / "out", **SETTINGS).path) == undisturbed


@contextmanager
def file_sizes_limited_to(most):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def begin(pool, tiny, out, rows):
    def stop(stage, done, total):
        if done >= rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(pool, tiny(), out, progress=stop, **SETTINGS)


@pytest.mark.parametrize(("rows", "most"), [(3, 300), (9, 1500), (ROWS, 1500)], ids=["shard", "journal", "index"])
def test_no_room_for_a_file(pool, tiny, tmp_path, undisturbed, rows, most):
    """A limit on the size of files makes write() fail half-way, as a full disk does."""
    begin(pool, tiny, tmp_path / "out", rows)
    with (
        file_sizes_limited_to(most),
        pytest.raises(
            StoreError, match=r"out\.partial(/index\.parquet)?: no room to write .*what was finished is kept: make room"
        ),
    ):
        extract(pool, tiny(), tmp_path / "out", **SETTINGS)
    assert not (tmp_path / "out").exists()
    assert contents(extract(pool, tiny(), tmp_path / "out", **SETTINGS).path) == undisturbed


def test_no_room_to_begin(pool, tiny, tmp_path):
    with file_sizes_limited_to(10), pytest.raises(StoreError, match="no room to write"):
        extract(pool, tiny(), tmp_path / "out", **SETTINGS)
    assert len(extract(pool, tiny(), tmp_path / "out", **SETTINGS)) == ROWS - 1


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("place", ["ShardFile", "ShardFile.write", "_write_all", "write_tables", "write_manifest"])
def test_a_full_disk(pool, tiny, tmp_path, undisturbed, monkeypatch, place, code):
    def full(*arguments):
        raise OSError(code, os.strerror(code))

    begin(pool, tiny, tmp_path / "out", 30)
    with monkeypatch.context() as patch:
        patch.setattr(f"syndr.features.unfinished.{place}", full)
        with pytest.raises(StoreError, match=f"no room to write .{os.strerror(code)}"):
            extract(pool, tiny(), tmp_path / "out", **SETTINGS)
    assert contents(extract(pool, tiny(), tmp_path / "out", **SETTINGS).path) == undisturbed


def test_other_errors_of_the_disk_are_not_called_full(pool, tiny, tmp_path, undisturbed, monkeypatch):
    def broken(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("syndr.features.unfinished.ShardFile.write", broken)
        with pytest.raises(OSError, match="Input/output error"):
            extract(pool, tiny(), tmp_path / "out", **SETTINGS)
    assert contents(extract(pool, tiny(), tmp_path / "out", **SETTINGS).path) == undisturbed


def test_one_process_at_a_time(pool, tiny, tmp_path):
    seen = []

    def meanwhile(stage, done, total):
        if done == 3:
            with pytest.raises(StoreError, match="another process is writing there"):
                extract(pool, tiny(), tmp_path / "out", **SETTINGS)
            seen.append(done)

    extract(pool, tiny(), tmp_path / "out", progress=meanwhile, **SETTINGS)
    assert seen == [3]


def test_a_file_that_vanishes_in_between(pool, tiny, tmp_path):
    def vanish(stage, done, total):
        if done == 3:
            (tmp_path / "photos/60.png").unlink()

    store = extract(pool, tiny(), tmp_path / "out", progress=vanish, **SETTINGS)
    assert len(store) == ROWS - 2
    assert "no such file" in (store.path / "rejected.csv").read_text()
