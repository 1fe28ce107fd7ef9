"""backend="auto": which backend, and the reason it gives."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import feature_cases
import numpy as np
import pytest

from syndr.search import AutoSearch, ExactSearch, LabelGap, choice, get_search, split_rows


class Cuda(ExactSearch):
    """Stands where the CUDA backend would."""

    name = "cuda"

    def __init__(self):
        super().__init__()
        self.report = {"backend": "cuda", "device": "a GPU"}


@pytest.fixture
def rows():
    return split_rows(feature_cases.make("clustered")[0], "X", "raise")[0]


@pytest.fixture
def torch_with(monkeypatch):
    def pretend(available):
        torch = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: available))
        monkeypatch.setitem(sys.modules, "torch", torch)

    return pretend


def test_small_work_stays_on_the_cpu_without_a_look_at_the_machine(rows, monkeypatch):
    monkeypatch.setattr(choice, "find_spec", pytest.fail)
    auto = AutoSearch(Cuda)
    y = feature_cases.make("clustered")[1]
    found, expected = (search.pairs(rows, 0.1, LabelGap(y, 1.0)) for search in (auto, ExactSearch()))
    assert found.distance.tobytes() == expected.distance.tobytes()
    assert auto.report["backend"] == "exact"
    assert "16,000 numbers (rows x dims) are too few for a GPU" in auto.report["why"]


def test_large_work_goes_to_a_gpu_that_is_there(rows, monkeypatch, torch_with):
    monkeypatch.setattr(choice, "LARGE", 2 * rows.features.size)
    torch_with(True)
    auto = AutoSearch(Cuda)
    auto.nearest(rows, rows)  # twice the rows
    assert auto.report == {
        "backend": "cuda",
        "device": "a GPU",
        "why": "the CUDA backend, as torch sees a device and 32,000 numbers are worth it",
    }
    auto.components(rows, 0.1)
    assert auto.report["backend"] == "exact"


def test_large_work_without_cuda_says_what_is_missing(rows, monkeypatch, torch_with):
    monkeypatch.setattr(choice, "LARGE", 0)
    auto = AutoSearch(Cuda)

    def why():
        np.testing.assert_array_equal(auto.components(rows, 0.1), ExactSearch().components(rows, 0.1))
        assert auto.report["backend"] == "exact"
        return auto.report["why"]

    torch_with(False)
    assert why() == "the exact CPU engine, as torch sees no CUDA device"
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(choice, "import_module", pytest.fail)  # nothing below is worth two seconds of torch's import
    monkeypatch.setattr(choice, "find_spec", lambda name: object())
    monkeypatch.setattr(choice, "_DRIVERS", ())
    monkeypatch.setattr(choice, "which", lambda name: None)
    assert why() == "the exact CPU engine, as there is no NVIDIA driver"
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert why() == "the exact CPU engine, as torch is not installed"
    auto = AutoSearch(None)
    assert why() == "the exact CPU engine, as there is no CUDA backend"


def test_torch_is_imported_where_a_driver_promises_a_gpu(rows, monkeypatch):
    monkeypatch.setattr(choice, "LARGE", 0)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(choice, "find_spec", lambda name: object())
    monkeypatch.setattr(choice, "which", lambda name: "/usr/bin/nvidia-smi")
    torch = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: True))
    monkeypatch.setattr(choice, "import_module", {"torch": torch}.__getitem__)
    auto = AutoSearch(Cuda)
    auto.components(rows, 0.1)
    assert auto.report["backend"] == "cuda"


def test_auto_by_name_is_exact():
    auto = get_search("auto")
    assert auto.exact
    rows = split_rows(np.eye(3), "X", "raise")[0]
    assert auto.components(rows, 1.5).tolist() == [0, 0, 0]
    assert auto.report["backend"] == "exact"
    assert auto.report["why"]
