"""Interruption at any moment: the run goes on where it was, to the same bytes; changed settings are refused."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

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
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def undisturbed(photos, tiny, tmp_path):
    Path(photos["path"][4]).write_bytes(b"")
    return contents(extract(photos, tiny(), tmp_path / "undisturbed", **SETTINGS).path)


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
    with (tmp_path / "out.partial/features.npy").open("ab") as file:
        file.write(b"rows whose mark was never written")
    with (tmp_path / "out.partial/journal.jsonl").open("ab") as file:
        file.write(b'[9,[["08.png"')
    assert contents(extract(photos, tiny(), tmp_path / "out", **SETTINGS).path) == undisturbed


@pytest.mark.parametrize("left", ["nothing", "features.npy", "journal.jsonl"])
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


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("features.npy", b"", "damaged"),
        ("features.npy", None, "damaged"),
        ("journal.jsonl", b"nonsense\n", "damaged"),
        ("journal.jsonl", b"[2,[]]\n[500,[]]\n", "features.npy is shorter than its journal says"),
        ("journal.jsonl", None, "damaged"),
        ("manifest.json", b"{", "manifest.json is damaged"),
    ],
)
def test_a_damaged_unfinished_store_says_so(photos, tiny, tmp_path, name, content, message):
    with pytest.raises(InterruptedRunError):
        extract(photos, tiny(), tmp_path / "out", progress=interrupt_at(3), **SETTINGS)
    path = tmp_path / "out.partial" / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(StoreError, match=rf"out\.partial: .*{message}"):
        extract(photos, tiny(), tmp_path / "out", **SETTINGS)


def test_something_else_at_the_place_of_the_store(photos, tiny, tmp_path):
    with pytest.raises(StoreError, match="photos: not a feature store"):
        extract(photos, tiny(), tmp_path / "photos", **SETTINGS)


def test_killed_for_real(photos, tiny, tmp_path, undisturbed):
    """SIGKILL at several moments, then one run to the end."""
    torch.save(tiny().body.state_dict(), tmp_path / "tiny.pth")
    program = textwrap.dedent(f"""
        import sys, time
        import torch
        from syndr.features import Backbone, extract
        from syndr.images import samples_from_folder
        body = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 5, stride=4), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
        )
        body.load_state_dict(torch.load({str(tmp_path / "tiny.pth")!r}, weights_only=True))
        backbone = Backbone("tiny", body, dims=8, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))
        def slowly(stage, done, total):
            print(done, flush=True)
            time.sleep(0.05)
        samples = samples_from_folder({str(tmp_path / "photos")!r})
        extract(samples, backbone, {str(tmp_path / "out")!r}, progress=slowly, **{SETTINGS!r})
    """)
    for stop in ("3", "9"):
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            if line.strip() == stop:
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
        assert (tmp_path / "out.partial").is_dir()
    backbone, calls = counting(tiny())
    store = extract(photos, backbone, tmp_path / "out", **SETTINGS)
    assert len(calls) <= 1
    assert contents(store.path) == undisturbed
    assert np.isfinite(store.features).all()
