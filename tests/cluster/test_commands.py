"""Commands with ``--engine ray``: the files that the local engine writes."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from syndr.cli.main import main
from syndr.images import write_image
from syndr.virtual import VirtualDataset

pytest.importorskip("ray", reason="the extra ray is not installed")


@pytest.fixture
def syndr(monkeypatch):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["syndr", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code

    return run


def test_downsample(syndr, rng, tmp_path, capsys):
    centres = rng.normal(size=(30, 16))
    np.save(tmp_path / "rows.npy", centres[rng.integers(30, size=400)] + 0.2 * rng.normal(size=(400, 16)))
    local, ray, by_search = (tmp_path / f"{name}.csv" for name in ("local", "ray", "search"))
    assert syndr("downsample", tmp_path / "rows.npy", "-o", local, "--min-keep", 3) == 0
    assert syndr("downsample", tmp_path / "rows.npy", "-o", ray, "--min-keep", 3, "--engine", "ray") == 0
    assert syndr("downsample", tmp_path / "rows.npy", "-o", by_search, "--min-keep", 3, "--search", "ray") == 0
    assert ray.read_bytes() == by_search.read_bytes() == local.read_bytes()
    assert b",false" in local.read_bytes()  # some were dropped


def test_options_that_do_not_go_together(syndr, tmp_path, capsys):
    np.save(tmp_path / "rows.npy", np.eye(3))
    rows = tmp_path / "rows.npy"
    assert syndr("downsample", rows, "-o", tmp_path / "x.csv", "--address", "host:1") == 2
    assert "goes with engine" in capsys.readouterr().err
    assert syndr("downsample", rows, "-o", tmp_path / "x.csv", "--engine", "ray", "--search", "faiss-ivf") == 2
    assert "leave --search faiss-ivf out" in capsys.readouterr().err
    assert not (tmp_path / "x.csv").exists()


def test_synthesize(syndr, tmp_path, capsys):
    generator = torch.Generator().manual_seed(1)
    for number in range(6):
        write_image(tmp_path / f"photos/{number}.png", torch.randint(0, 256, (3, 24, 30), generator=generator).byte())
    (tmp_path / "photos/3.png").write_bytes(b"no picture")
    pictures = {}
    for engine in ("local", "ray"):
        out = tmp_path / engine / "rows.csv"
        options = ("--types", "1,11", "--levels", "1,2,3,4,5", "--materialize", "png", "--engine", engine)
        assert syndr("synthesize", tmp_path / "photos", "-o", out, *options) == 0
        pictures[engine] = {path.name: path.read_bytes() for path in (out.parent / "rows").iterdir()}
        assert (tmp_path / engine / "rows.csv.rejected.csv").read_text().count("\n") == 11
    assert len(pictures["ray"]) == 52  # and the table and what it was made from
    assert pictures["ray"] == pictures["local"]


def test_a_virtual_data_set_can_be_sent(tmp_path):
    import pickle

    from syndr.samples import Samples

    write_image(tmp_path / "one.png", (torch.arange(300) % 255).byte().reshape(3, 10, 10))
    rows = Samples.from_columns(id=["a"], path=[str(tmp_path / "one.png")], type=[1], level=[3], seed=[5])
    dataset = VirtualDataset(rows, cache_bytes=123)
    assert torch.equal(pickle.loads(pickle.dumps(dataset)).image(0), dataset.image(0))


def test_pictures_are_refused_where_the_cluster_cannot_make_them(tmp_path):
    from syndr.errors import ClusterError
    from syndr.samples import Samples
    from syndr.virtual.on_ray import Materializer

    write_image(tmp_path / "one.png", (torch.arange(300) % 255).byte().reshape(3, 10, 10))
    rows = Samples.from_columns(id=["a"], path=[str(tmp_path / "one.png")], type=[1], level=[3], seed=[5])
    if not torch.cuda.is_available():
        on_gpu = VirtualDataset(rows, "cuda", device_cache_bytes=0)
        with pytest.raises(ClusterError, match="the cluster has no GPU; add a node with one, or synthesize on the CPU"):
            on_gpu.materialize(tmp_path / "out", engine="ray")
    # On a worker of a node that does not share the folder.
    worker = Materializer(VirtualDataset(rows), [(0, 1)], tmp_path / "local" / "folder", "png")
    with pytest.raises(ClusterError, match=r"local/folder: not there on node .*; put it on a file system that all"):
        worker(0)
