"""A run that is killed at any moment ends, once it is run again, with the very weights of an undisturbed one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import children
import pytest
import training_killed_run
from training_stand_ins import same_weights

from syndr.training.tensor_file import read_tensors

FILE = Path("checkpoint", "training.safetensors")


def wait_for(child):
    """The child is the server's, not ours: it has ended when it is a zombie or gone."""
    status = Path(f"/proc/{child}/stat")
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.005)


def wait_for_steps(log, count):
    """Wait until a run has taken so many steps more."""
    before = log.stat().st_size if log.exists() else 0
    while count and (log.stat().st_size if log.exists() else 0) < before + count:
        time.sleep(0.002)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells by /proc when a process has ended")
def test_killed_at_random_moments(tmp_path):
    (tmp_path / "undisturbed").mkdir()
    (tmp_path / "killed").mkdir()
    expected, undisturbed = training_killed_run.run(tmp_path / "undisturbed")
    total = (tmp_path / "undisturbed/log").stat().st_size
    draw = random.Random(20260101)
    within_epochs, kills = 0, 6
    script = training_killed_run.__file__
    with subprocess.Popen(
        [sys.executable, script, str(tmp_path / "killed")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=children.environment(),
    ) as server:

        def start():
            server.stdin.write("\n")
            server.stdin.flush()
            return int(server.stdout.readline())

        for _ in range(kills):
            child = start()
            wait_for_steps(tmp_path / "killed/log", draw.randrange(5))
            time.sleep(draw.uniform(0, 0.03))  # in a step, or while its state is written
            os.kill(child, signal.SIGKILL)
            wait_for(child)
            if (tmp_path / "killed" / FILE).exists():
                _, description = read_tensors(tmp_path / "killed" / FILE, "state of training, version 2")
                within_epochs += description["epoch"] is not None
        wait_for(start())
        server.stdin.close()
    steps = (tmp_path / "killed/log").stat().st_size
    weights, result = training_killed_run.run(tmp_path / "killed")
    assert (tmp_path / "killed/log").stat().st_size == steps, "a finished run was trained again"
    assert steps <= total + kills, "finished steps were done again"
    assert within_epochs > 0
    assert same_weights(weights, expected)
    for name in ("epoch", "loss", "rows", "dropped"):
        assert [getattr(entry, name) for entry in result.log] == [getattr(entry, name) for entry in undisturbed.log]
    assert result.rejected == undisturbed.rejected
    assert [path.name for path in (tmp_path / "killed/checkpoint").iterdir()] == [FILE.name]
