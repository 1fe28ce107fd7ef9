"""An extraction on Ray's workers: the bytes of one process, bad files and resumption included."""

from __future__ import annotations

import pytest

from syndr.errors import ClusterError, InputError
from syndr.features import extract

SETTINGS = {"batch_size": 4, "crop": 32}

pytest.importorskip("ray", reason="the extra ray is not installed")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_store_bad_files_included(photos, tiny, tmp_path):
    (tmp_path / "photos/05.png").write_bytes(b"no picture")
    extract(photos, tiny(), tmp_path / "local", **SETTINGS)
    seen, aside = [], []
    store = extract(
        photos, tiny(), tmp_path / "ray", **SETTINGS, engine="ray",
        progress=lambda stage, done, total: seen.append(done), watch=aside.append,
    )  # fmt: skip
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert seen == [0, 4, 8, 11]
    assert [entry.id for entry in aside] == ["05.png"]
    assert len(store) == 10


def test_one_engine_goes_on_with_what_the_other_began(photos, tiny, tmp_path):
    def stop(stage, done, total):
        if done:
            raise KeyboardInterrupt

    extract(photos, tiny(), tmp_path / "whole", **SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        extract(photos, tiny(), tmp_path / "out", **SETTINGS, engine="ray", progress=stop)
    assert (tmp_path / "out.partial").exists()
    seen = []
    extract(photos, tiny(), tmp_path / "out", **SETTINGS, progress=lambda stage, done, total: seen.append(done))
    assert seen[0] == 4  # the first batch was kept
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_what_a_worker_raises_comes_through(photos, tiny, tmp_path):
    with pytest.raises(InputError, match=r"backbone tiny gave features of shape \(\d, 8\)"):
        backbone = tiny()
        backbone.dims = 9
        extract(photos, backbone, tmp_path / "wrong", **SETTINGS, engine="ray")
    with pytest.raises(ClusterError, match="the cluster has no GPU"):
        extract(photos, tiny(), tmp_path / "gpu", **SETTINGS, engine="ray", device="cuda")
