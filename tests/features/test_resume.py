"""Interruption at any moment: the run goes on where it was, to the same bytes; changed settings are refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from syndr.errors import StoreError
from syndr.features import FeatureStore, extract

SETTINGS = {"batch_size": 3, "crop": 32, "threads": 2}


class InterruptedRunError(Exception):
    pass


def interrupt_at(rows):
    def progress(stage, done, total):
        if done >= rows:
            raise InterruptedRunError

    return progress


def counting(backbone):
    """Count the forward passes of a backbone."""
    calls = []
    backbone.body.register_forward_hook(lambda *_: calls.append(1))
    return backbone, calls


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


@pytest.fixture
def undisturbed(photos, tiny, tmp_path):
    Path(photos["path"][4]).write_bytes(b"")
    return contents(extract(photos, tiny(), tmp_path / "undisturbed", **SETTINGS).path)


@pytest.mark.parametrize("begun", [True, False])
def test_a_store_that_another_process_finishes_meanwhile_is_not_made_twice(photos, tiny, tmp_path, monkeypatch, begun):
    finished, out = extract(photos, tiny(), tmp_path / "finished", **SETTINGS), tmp_path / "out"
    if begun:
        with pytest.raises(InterruptedRunError):
            extract(photos, tiny(), out, progress=interrupt_at(3), **SETTINGS)

    def looked_too_early(place):
        shutil.copytree(finished.path, place)
        return False

    with monkeypatch.context() as patched:
        patched.setattr("syndr.features.extraction.is_occupied", looked_too_early)
        with pytest.raises(StoreError, match="out: another process has just finished it; run this again to use it"):
            extract(photos, tiny(), out, **SETTINGS)
    assert (tmp_path / "out.partial").exists() == begun  # what was computed is not thrown away
    assert contents(extract(photos, tiny(), out, **SETTINGS).path) == contents(finished.path)


@pytest.mark.parametrize("stops", [[0], [3], [6], [11], [3, 6, 9, 11]])
def test_an_interrupted_run_goes_on_to_the_same_bytes(photos, tiny, tmp_path, undisturbed, stops):
    out = tmp_path / "out"
    for rows in stops:
        with pytest.raises(InterruptedRunError):
            extract(photos, tiny(), out, progress=interrupt_at(rows), **SETTINGS)
        assert not out.exists()
        with pytest.raises(StoreError, match="unfinished"):
            FeatureStore.open(out)
    backbone, calls = counting(tiny())
    store = extract(photos, backbone, out, **SETTINGS)
    assert len(calls) == 4 - -(-stops[-1] // 3), "finished work was done again"
    assert contents(store.path) == undisturbed
    assert not list(tmp_path.glob("*.partial"))


def test_a_finished_store_is_opened(photos, tiny, tmp_path, undisturbed):
    backbone, calls = counting(tiny())
    reports = []
    store = extract(
        photos, backbone, tmp_path / "undisturbed", progress=lambda *report: reports.append(report), **SETTINGS
    )
    assert not calls
    assert reports == [("extract features", 11, 11)]
    assert contents(store.path) == undisturbed


def test_half_written_marks_and_rows_are_cut_off(photos, tiny, tmp_path, undisturbed):
    with pytest.raises(InterruptedRunError):
        extract(photos, tiny(), tmp_path / "out", progress=interrupt_at(6), **SETTINGS)
    with (tmp_path / "out.partial/features-00000.npy").open("ab") as file:
        file.write(b"rows whose mark was never written")
    with (tmp_path / "out.partial/journal.jsonl").open("ab") as file:
        file.write(b'[9,[["08.png"')
    assert contents(extract(photos, tiny(), tmp_path / "out", **SETTINGS).path) == undisturbed


@pytest.mark.parametrize("left", ["nothing", "features-00000.npy", "journal.jsonl"])
def test_a_start_that_was_cut_short(photos, tiny, tmp_path, undisturbed, left):
    (tmp_path / "out.partial").mkdir()
    if left != "nothing":
        (tmp_path / "out.partial" / left).write_bytes(b"x")
    assert contents(extract(photos, tiny(), tmp_path / "out", **SETTINGS).path) == undisturbed


@pytest.mark.parametrize("moment", ["write_rejected", "write_manifest"])
def test_interruption_while_finishing(photos, tiny, tmp_path, undisturbed, monkeypatch, moment):
    def interrupt(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # The manifest is also written at the start; let that one pass.
        with pytest.raises(InterruptedRunError):
            extract(photos, tiny(), tmp_path / "out", progress=interrupt_at(11), **SETTINGS)
        patch.setattr(f"syndr.features.unfinished.{moment}", interrupt)
        with pytest.raises(KeyboardInterrupt):
            extract(photos, tiny(), tmp_path / "out", **SETTINGS)
    assert not (tmp_path / "out").exists()
    assert contents(extract(photos, tiny(), tmp_path / "out", **SETTINGS).path) == undisturbed


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 4}, "batch_size was 3 and is now 4"),
        ({"crop": 16}, "preprocess was center_crop=32 .* and is now center_crop=16"),
        ({"dtype": "float16"}, "dtype was float32 and is now float16"),
        ({"seed": 1}, "the weights .hash. was sha256:.* and is now sha256:"),
        ({"name": "other"}, "backbone was tiny and is now other"),
        ({"rows": [1, 0, 2]}, "the sample table .hash. was sha256:.* and is now sha256:"),
    ],
)
def test_changed_settings_are_refused(photos, tiny, tmp_path, finished, change, message):
    out = tmp_path / "out"
    if finished:
        extract(photos, tiny(), out, **SETTINGS)
    else:
        with pytest.raises(InterruptedRunError):
            extract(photos, tiny(), out, progress=interrupt_at(3), **SETTINGS)
    before = contents(out if finished else tmp_path / "out.partial")
    backbone = tiny(seed=change.get("seed", 0))
    backbone.name = change.get("name", "tiny")
    table = photos.take(change.get("rows", range(11)))
    settings = SETTINGS | {name: value for name, value in change.items() if name not in ("seed", "name", "rows")}
    with pytest.raises(StoreError, match=message) as caught:
        extract(table, backbone, out, **settings)
    assert "delete that" in str(caught.value)
    assert contents(out if finished else tmp_path / "out.partial") == before


def test_other_library_versions_stop_an_unfinished_run_but_not_a_finished_one(
    photos, tiny, tmp_path, undisturbed, monkeypatch
):
    with pytest.raises(InterruptedRunError):
        extract(photos, tiny(), tmp_path / "out", progress=interrupt_at(3), **SETTINGS)
    monkeypatch.setattr("syndr.features.extraction.version", lambda name: "0.0")
    with pytest.raises(StoreError, match=r"versions was .* and is now .*'torch': '0\.0'"):
        extract(photos, tiny(), tmp_path / "out", **SETTINGS)
    assert len(extract(photos, tiny(), tmp_path / "undisturbed", **SETTINGS)) == 10


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


LOSSES = {
    "a damaged row": ("features-00000.npy", flip_a_byte, 1),
    "a shard cut short": ("features-00000.npy", cut, 1),
    "no shard": ("features-00000.npy", Path.unlink, 2),
    "no journal": ("journal.jsonl", Path.unlink, 2),
    "half a line": ("journal.jsonl", cut, 1),
    "no line": ("journal.jsonl", lambda path: path.write_bytes(b"nonsense\n" + path.read_bytes()), 2),
    "zeros, as after a power failure": (
        "journal.jsonl", lambda path: path.write_bytes(path.read_bytes().split(b"\n")[0] + b"\n" + bytes(99)), 1
    ),
}  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
def test_what_cannot_be_read_back_is_done_again(photos, tiny, tmp_path, undisturbed, loss):
    name, lose, batches = LOSSES[loss]
    with pytest.raises(InterruptedRunError):
        extract(photos, tiny(), tmp_path / "out", progress=interrupt_at(6), **SETTINGS)
    lose(tmp_path / "out.partial" / name)
    backbone, calls = counting(tiny())
    assert contents(extract(photos, backbone, tmp_path / "out", **SETTINGS).path) == undisturbed
    assert len(calls) == 2 + batches


def test_a_damaged_manifest_says_so(photos, tiny, tmp_path):
    with pytest.raises(InterruptedRunError):
        extract(photos, tiny(), tmp_path / "out", progress=interrupt_at(3), **SETTINGS)
    (tmp_path / "out.partial/manifest.json").write_bytes(b"{")
    with pytest.raises(StoreError, match=r"out\.partial: manifest.json is damaged"):
        extract(photos, tiny(), tmp_path / "out", **SETTINGS)


def test_something_else_at_the_place_of_the_store(photos, tiny, tmp_path):
    with pytest.raises(StoreError, match="photos: not a feature store"):
        extract(photos, tiny(), tmp_path / "photos", **SETTINGS)
