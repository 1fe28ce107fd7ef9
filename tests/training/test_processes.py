"""Two processes that share each batch learn what one learns alone."""

from __future__ import annotations

import subprocess
import sys

import children
import numpy as np
import pytest
import torch
import training_two_processes
from safetensors import safe_open

from syndr.training.processes import Processes


def test_alone_everything_is_its_own():
    alone = Processes()
    assert (alone.count, alone.first) == (1, True)
    assert alone.share(np.arange(3)).tolist() == [0, 1, 2]
    rows = torch.rand(2, 3)
    assert alone.gather_rows(rows) is rows


def test_two_processes_learn_what_one_does(tmp_path):
    pytest.importorskip("accelerate", reason="accelerate is not installed")
    script = training_two_processes.__file__
    shared = children.environment(
        WORLD_SIZE="2",
        LOCAL_WORLD_SIZE="2",
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(children.free_port()),
        ACCELERATE_USE_CPU="true",
        OMP_NUM_THREADS="1",
    )
    running = [
        subprocess.Popen([sys.executable, script, str(tmp_path)], env=shared | {"RANK": number, "LOCAL_RANK": number})
        for number in ("0", "1")
    ]
    expected, result, thinner = training_two_processes.run(tmp_path / "alone")
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    for number in (0, 1):
        with safe_open(tmp_path / f"process-{number}.safetensors", "pt") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            assert file.metadata()["rejected"] == ",".join(sorted(entry.id for entry in result.rejected))
        assert found.pop("rows").tolist() == [entry.rows for entry in result.log]
        np.testing.assert_allclose(found.pop("losses"), [entry.loss for entry in result.log], rtol=1e-4)
        np.testing.assert_allclose(found.pop("features"), thinner.calls_[-1]["X"], atol=1e-4)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4)
    lines = [(tmp_path / where / "log.csv").read_text().splitlines() for where in ("", "alone")]
    assert len(lines[0]) == len(lines[1]) == 4
    assert (tmp_path / "checkpoint/training.safetensors").exists()
