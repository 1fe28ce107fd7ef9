"""Training on CUDA: pictures made and kept there, and the loop around them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pictures import write_scenes
from training_stand_ins import CROP, tiny_model, weights_of

from syndr.downsample import DRCDown
from syndr.errors import ImageError
from syndr.samples import Samples
from syndr.training import fit
from syndr.virtual import VirtualDataset, virtual_rows

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]

DEVICE = "cuda"
SHORT = {"epochs": 3, "batch_size": 16, "lr": 1e-3, "crop": CROP, "device": DEVICE}


@pytest.fixture
def samples(tmp_path):
    """Two references, their files and some types at two levels, and a file that is not there."""
    paths = write_scenes(tmp_path, 2, height=96, width=128)
    files = Samples.from_columns(id=["a", "b", "absent"], path=[*map(str, paths), str(tmp_path / "absent.png")])
    rows = files.concat(virtual_rows(files.take([0, 1]), [1, 5, 7, 11, 18, 19, 25], [1, 4]))
    return rows.with_column("quality", np.linspace(0, 10, len(rows)).tolist())


@pytest.mark.parametrize("room", [None, 9 * 3 * 96 * 128])
def test_crops_of_kept_pictures_are_those_of_pictures_made_anew(samples, room):
    kept = VirtualDataset(samples, DEVICE, cache_files=True, device_keep_bytes=room)
    anew = VirtualDataset(samples, DEVICE)
    rows = np.random.default_rng(0).permutation(len(samples)).tolist()
    places = torch.rand(len(rows), 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for _ in range(2):
        for one, other in zip(kept.crops(rows, 64, places), anew.crops(rows, 64, places), strict=True):
            if isinstance(other, ImageError):
                assert str(one) == str(other)
            else:
                assert one.device.type == DEVICE
                assert torch.equal(one, other)


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_runs_are_nearly_those_of_the_cpu_and_go_on_where_they_stopped(samples, tmp_path, precision):
    def trained(device, **how):
        model = tiny_model()
        result = fit(model, samples, **(SHORT | {"device": device, "precision": precision, "schedule": "cosine"} | how))
        return model, result

    expected = trained("cpu", precision="float32")[1]
    _, undisturbed = trained(DEVICE)
    assert [entry.rows for entry in undisturbed.log] == [len(samples) - 1] * 3
    assert [entry.id for entry in undisturbed.rejected] == ["absent"]
    gate = 2e-3 if precision == "float32" else 5e-2
    losses = [[entry.loss for entry in result.log] for result in (undisturbed, expected)]
    np.testing.assert_allclose(*losses, rtol=gate)

    class StoppedError(Exception):
        pass

    def stop(epoch):
        if epoch == 1:
            raise StoppedError

    with pytest.raises(StoppedError):
        trained(DEVICE, checkpoint=tmp_path / "run", after_epoch=stop, checkpoint_every=1)
    model, resumed = trained(DEVICE, checkpoint=tmp_path / "run", checkpoint_every=1)
    np.testing.assert_allclose([entry.loss for entry in resumed.log], losses[0], rtol=gate)
    assert all(torch.isfinite(weight).all() for weight in weights_of(model).values())


def test_pictures_are_thinned_by_features_of_the_device(samples):
    result = fit(tiny_model(), samples, thinning=DRCDown(distance=0.5, label_gap=20.0, min_keep=4), **SHORT)
    assert all(entry.dropped > 0 and entry.rows + entry.dropped == len(samples) - 1 for entry in result.log)
