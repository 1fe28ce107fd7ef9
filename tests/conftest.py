from __future__ import annotations

import os

# Test processes side by side share the cores. By default each would begin as many of OpenMP's threads as there are
# cores, which wait for more work by spinning: torch's small operations then take many times as long. It is read
# when torch is imported.
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))

import numpy as np
import pytest
from hypothesis import settings

# Tests that start Python must see the installed package, not the sources in the working directory, which lack the
# native module.
os.environ["PYTHONSAFEPATH"] = "1"

# Machines under load miss any deadline; a derandomized run finds the same failures everywhere.
settings.register_profile("tests", deadline=None, derandomize=True, max_examples=200)
settings.load_profile("tests")


@pytest.fixture
def own_dncnn(tmp_path):
    """A weights file for type 15; whatever a test chooses, the shipped network is chosen again afterwards."""
    torch = pytest.importorskip("torch")
    from dncnn_files import dncnn_state

    from syndr.distort import set_dncnn_weights

    torch.save(dncnn_state(), tmp_path / "own_dncnn.pth")
    yield tmp_path / "own_dncnn.pth"
    set_dncnn_weights(None)


@pytest.fixture
def rng():
    return np.random.default_rng(20260101)
