"""The run that tests kill, again and again; started by itself it forks one each time it is asked to.

Importing torch takes seconds: one process does it once.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import torch
from training_stand_ins import CROP, Pictures, RecordingThinner, tiny_model, weights_of

from syndr.training import fit


def run(folder, pause=0.0):
    """Train, and write a dot into ``folder/log`` for each step."""
    log = os.open(Path(folder, "log"), os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def progress(stage, done, total):
        if stage == "steps" and done:
            os.write(log, b".")
            time.sleep(pause)

    model, pictures = tiny_model(dropout=0.2), Pictures(broken=[5])
    result = fit(
        model,
        pictures.samples,
        pictures,
        epochs=4,
        batch_size=2,
        lr=1e-3,
        crop=CROP,
        threads=2,
        thinning=RecordingThinner(3),
        checkpoint=Path(folder, "checkpoint"),
        checkpoint_every=1,
        progress=progress,
    )
    os.close(log)
    return weights_of(model), result


if __name__ == "__main__":
    torch.set_num_threads(1)
    while sys.stdin.readline():
        child = os.fork()
        if child:
            print(child, flush=True)
        else:
            run(sys.argv[1], pause=0.01)
            os._exit(0)
