"""One process of a training run that two share; also what the test runs alone."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from training_stand_ins import CROP, Pictures, RecordingThinner, tiny_model, weights_of

from syndr.training import fit


def run(folder, accelerator=None):
    """Train without batch normalization, which would see each share by itself; one step has no readable picture."""
    model, thinner = tiny_model(), RecordingThinner(4)
    model.backbone.body[1] = nn.Identity()
    pictures = Pictures(21, broken=[2, 5, 11])
    result = fit(
        model,
        pictures.samples,
        pictures,
        epochs=3,
        batch_size=3,
        lr=1e-3,
        crop=CROP,
        threads=1,
        thinning=thinner,
        accelerator=accelerator,
        checkpoint=Path(folder, "checkpoint"),
        checkpoint_every=2,
        log=Path(folder, "log.csv"),
    )
    return weights_of(model), result, thinner


if __name__ == "__main__":
    from accelerate import Accelerator

    torch.set_num_threads(1)
    accelerator = Accelerator(cpu=True)
    assert accelerator.num_processes == 2
    weights, result, thinner = run(sys.argv[1], accelerator)
    rejected = ",".join(sorted(entry.id for entry in result.rejected))
    losses = torch.tensor([entry.loss for entry in result.log], dtype=torch.float64)
    features = torch.from_numpy(thinner.calls_[-1]["X"])
    rows = torch.tensor([entry.rows for entry in result.log])
    path = Path(sys.argv[1], f"process-{accelerator.process_index}.safetensors")
    save_file(weights | {"losses": losses, "features": features, "rows": rows}, path, {"rejected": rejected})
    torch.distributed.destroy_process_group()
