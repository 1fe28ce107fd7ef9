from __future__ import annotations

import pickle

import pytest
import safetensors.torch
import torch
from torch import nn

from syndr.checkpoint_file import read_checkpoint
from syndr.errors import InputError
from syndr.features.weights import load_weights, weights_hash


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.Linear(4, 2)))


STATE = network(1).state_dict()


def with_prefix(prefix):
    return {prefix + name: value for name, value in STATE.items()}


LAYOUTS = {
    "plain": STATE,
    "state_dict": {"epoch": 3, "state_dict": STATE},
    "nested": {"model": {"model_state_dict": STATE, "step": 1}},
    "DataParallel": {"state_dict": with_prefix("module.")},
    "within a larger model": with_prefix("backbone.body.") | {"head.weight": torch.ones(1), "a.b": torch.ones(1)},
    "with a classifier": STATE
    | {"fc.weight": torch.ones(5, 2), "head.bias": torch.ones(5), "classifier.1.w": torch.ones(1)},
    "without counters": {name: value for name, value in STATE.items() if "num_batches" not in name},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_common_layouts_give_the_same_weights(tmp_path, layout):
    torch.save(LAYOUTS[layout], tmp_path / "weights.pth")
    body = network(0)
    assert weights_hash(body) != weights_hash(network(1))
    load_weights(body, read_checkpoint(tmp_path / "weights.pth"), "file")
    assert weights_hash(body) == weights_hash(network(1))


def test_safetensors(tmp_path):
    safetensors.torch.save_file(with_prefix("module."), tmp_path / "weights.safetensors")
    body = network(0)
    load_weights(body, read_checkpoint(str(tmp_path / "weights.safetensors")), "file")
    assert weights_hash(body) == weights_hash(network(1))


def test_the_hash_sees_every_weight_and_buffer_but_no_counter():
    for name, value in STATE.items():
        body = network(1)
        changed = value + 1
        body.load_state_dict({name: changed}, strict=False)
        assert (weights_hash(body) == weights_hash(network(1))) == name.endswith("num_batches_tracked")


def test_half_precision_checkpoints_are_widened():
    body = network(0)
    load_weights(
        body, {name: value.half() if value.is_floating_point() else value for name, value in STATE.items()}, "f"
    )
    assert body[0].weight.dtype == torch.float32
    assert torch.equal(body[0].weight, STATE["0.weight"].half().float())


def refused(state, *words):
    body = network(0)
    before = weights_hash(body)
    with pytest.raises(InputError) as caught:
        load_weights(body, state, "given.pth")
    assert str(caught.value).startswith("given.pth: the weights do not fit the backbone")
    for word in words:
        assert word in str(caught.value)
    assert weights_hash(body) == before


def test_missing_entries_are_named():
    refused({name: value for name, value in STATE.items() if name != "1.bias"}, "1 entries missing", "'1.bias'")
    refused({"other": torch.ones(1)}, "8 entries missing", "'0.weight'", "not of this network", "'other'")


def test_entries_of_another_shape_are_named():
    refused(STATE | {"2.0.weight": torch.ones(3, 4)}, "of another shape", "2.0.weight (3, 4) instead of (2, 4)")


def test_entries_of_another_network_are_named():
    refused(with_prefix("net.") | {"net.7.weight": torch.ones(1)}, "1 entries not of this network", "'7.weight'")


def test_absent_file(tmp_path):
    with pytest.raises(InputError, match=r"gone.pth: no such weights file"):
        read_checkpoint(tmp_path / "gone.pth")


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("a pickled object was run",))


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"nonsense" * 10, pickle.dumps(Evil(), protocol=2)])
def test_no_checkpoint(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name}: cannot be read as weights .*only tensors are loaded"):
        read_checkpoint(tmp_path / name)


def test_pickled_objects_are_never_run(tmp_path):
    torch.save({"state_dict": STATE, "x": Evil()}, tmp_path / "w.pth")
    with pytest.raises(InputError, match="never pickled objects"):
        read_checkpoint(tmp_path / "w.pth")


@pytest.mark.parametrize("content", [{}, {"epoch": 1}, [1, 2], torch.ones(2)])
def test_no_tensors_by_name(tmp_path, content):
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(InputError, match="no tensors by name"):
        read_checkpoint(tmp_path / "w.pth")
