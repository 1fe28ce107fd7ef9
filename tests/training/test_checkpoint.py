"""Models as files: what is saved comes back, and nothing else is taken for a model."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file
from training_stand_ins import same_weights, tiny_backbone, tiny_model, weights_of

from syndr.errors import InputError, StoreError
from syndr.features import build_backbone
from syndr.training import Head, IQAModel, read_metadata, read_model, save_model
from syndr.training.checkpoint import _KIND
from syndr.training.tensor_file import read_tensors, write_tensors


@pytest.mark.parametrize("hidden", [None, 6])
def test_round_trip(tmp_path, hidden):
    model = IQAModel(tiny_backbone(), Head(12, hidden, seed=4)).eval()
    model.head.standardize(torch.rand(9, 12), torch.arange(9.0))
    path = tmp_path / "model.safetensors"
    save_model(path, model, {"recipe": {"seed": 3}, "note": "ü"})
    loaded = read_model(path, backbone=tiny_backbone(seed=9))
    assert same_weights(weights_of(loaded), weights_of(model))
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(loaded(images)[0], model(images)[0])
    assert not loaded.training
    assert read_metadata(path) == {"recipe": {"seed": 3}, "note": "ü"}


def test_how_a_model_sees_comes_back(tmp_path):
    model = IQAModel(tiny_backbone(), input_size="shorter-96")
    assert model.crop == 224
    model.crop = 64
    save_model(tmp_path / "model", model)
    loaded = read_model(tmp_path / "model", backbone=tiny_backbone())
    assert (loaded.crop, loaded.input_size) == (64, "shorter-96")
    tensors, description = read_tensors(tmp_path / "model", _KIND)
    for change in ({"crop": 0}, {"crop": "64"}, {"input_size": "tiny"}, {"input_size": 3}):
        write_tensors(tmp_path / "other", tensors, description | change)
        with pytest.raises(StoreError, match="cannot be loaded"):
            read_model(tmp_path / "other", backbone=tiny_backbone())
    older = {name: value for name, value in description.items() if name not in ("crop", "input_size")}
    write_tensors(tmp_path / "older", tensors, older)
    loaded = read_model(tmp_path / "older", backbone=tiny_backbone())
    assert (loaded.crop, loaded.input_size) == (224, "native")


def test_registered_backbone_is_built_by_name_without_a_download(tmp_path, monkeypatch):
    def no_download(*args, **kwargs):
        raise AssertionError("loading a model must not download weights")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", no_download)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", no_download)
    backbone = build_backbone("swin_t", weights="random")
    with torch.no_grad():
        next(backbone.body.parameters()).mul_(2)
    model = IQAModel(backbone)
    save_model(tmp_path / "swin.safetensors", model)
    loaded = read_model(tmp_path / "swin.safetensors")
    assert loaded.backbone.name == "swin_t"
    assert loaded.backbone.weights_id == backbone.weights_id
    assert same_weights(weights_of(loaded), weights_of(model))


def test_equal_models_are_equal_bytes(tmp_path):
    for name in ("one", "two"):
        save_model(tmp_path / name, tiny_model(), {"b": 1, "a": 2})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_others_may_read_a_model_as_any_new_file(tmp_path):
    save_model(tmp_path / "model", tiny_model())
    (tmp_path / "plain").touch()
    assert (tmp_path / "model").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_tied_weights_can_be_saved(tmp_path):
    model = tiny_model()
    model.backbone.body.extra = model.backbone.body[0]
    save_model(tmp_path / "tied", model)
    other = tiny_backbone(seed=2)
    other.body.extra = other.body[0]
    assert same_weights(weights_of(read_model(tmp_path / "tied", backbone=other)), weights_of(model))


def test_metadata_that_is_not_json_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match="JSON"):
        save_model(tmp_path / "model", tiny_model(), {"device": torch.device("cpu")})
    assert list(tmp_path.iterdir()) == []


def write_foreign(path):
    save_file({"x": torch.zeros(2)}, path)


def write_other_kind(path):
    save_file({"x": torch.zeros(2)}, path, metadata={"syndr": '{"kind": "something else"}'})


def write_no_json(path):
    save_file({"x": torch.zeros(2)}, path, metadata={"syndr": "{"})


def write_cut_off(path):
    save_model(path, tiny_model())
    path.write_bytes(path.read_bytes()[:-50])


def write_text(path):
    path.write_text("not a model")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "not a readable safetensors file"),
        (write_text, "not a readable safetensors file"),
        (write_cut_off, "not a readable safetensors file"),
        (write_foreign, "not one that syndr wrote"),
        (write_no_json, "not one that syndr wrote"),
        (write_other_kind, "holds 'something else'"),
    ],
)
def test_what_is_not_a_model_is_refused(tmp_path, write, message):
    path = tmp_path / "model"
    write(path)
    for read in (read_model, read_metadata):
        with pytest.raises(StoreError, match=message):
            read(path)


def test_a_model_of_numbers_that_torch_does_not_have_is_refused(tmp_path):
    path = tmp_path / "model"
    save_model(path, tiny_model())
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = {
        name: {"dtype": "F6_E2M3", "shape": [4], "data_offsets": [0, 3]} if name == "head.mean" else value
        for name, value in json.loads(data[8 : 8 + size]).items()
        if name in ("__metadata__", "head.mean")
    }
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(3))
    # Of a reader of before 2025 the second: it knows numbers of 6 bits no more than torch does.
    with pytest.raises(
        StoreError, match="model: (its tensors cannot be read|not a readable safetensors file) .*; write it"
    ):
        read_model(path, backbone=tiny_backbone())


def test_backbone_that_is_not_registered_must_be_given(tmp_path):
    save_model(tmp_path / "model", tiny_model())
    with pytest.raises(StoreError, match="backbone 'tiny'"):
        read_model(tmp_path / "model")


def test_weights_of_another_backbone_are_refused(tmp_path):
    save_model(tmp_path / "model", tiny_model())
    other = tiny_backbone()
    other.body.extra = torch.nn.Linear(2, 2)
    with pytest.raises(StoreError, match="extra"):
        read_model(tmp_path / "model", backbone=other)


def test_an_optimizer_s_averages_lie_as_their_weights(tmp_path):
    """A file holds them without their strides; fused steps on a GPU refuse any others than the weights'."""
    from syndr.training.state import Checkpoint, RunState

    def made():
        model = torch.nn.Conv2d(4, 8, 3).to(memory_format=torch.channels_last)
        optimizer = torch.optim.Adam(model.parameters())
        scaler = torch.amp.GradScaler("cpu", enabled=False)
        return model, Checkpoint(tmp_path / "training.safetensors", model, optimizer, scaler, {})

    model, saved = made()
    model(torch.ones(1, 4, 5, 5)).sum().backward()
    saved.optimizer.step()
    saved.save(RunState())
    again, loaded = made()
    loaded.load()
    for weight, expected in zip(again.parameters(), model.parameters(), strict=True):
        for name in ("exp_avg", "exp_avg_sq"):
            average = loaded.optimizer.state[weight][name]
            assert average.stride() == weight.stride()
            assert torch.equal(average, saved.optimizer.state[expected][name])
