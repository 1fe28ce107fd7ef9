"""Without torch, what needs it says how to install it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import syndr.evaluation
import syndr.training

WITHOUT_TORCH = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ImportError("no torch")

sys.meta_path.insert(0, Absent())
"""


@pytest.mark.parametrize("name", ["training.fit", "training.fit_head", "training.read_model", "evaluation.predict"])
def test_missing_torch_is_told_with_the_install_line(name):
    module, function = name.split(".")
    code = f"{WITHOUT_TORCH}\nimport syndr.{module} as m\nm.{function}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 1
    assert "MissingExtraError" in run.stderr
    assert "pip install 'syndr[torch]'" in run.stderr


@pytest.mark.parametrize("module", [syndr.training, syndr.evaluation])
def test_every_public_name_is_there(module):
    assert all(getattr(module, name) is not None for name in module.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = module.nothing
