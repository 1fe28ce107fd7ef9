"""Denoise: the network's arithmetic, its files, and what is left of the noise."""

import os
import pickle

import numpy as np
import pytest
import safetensors.torch
import torch
from dncnn_files import dncnn_state
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import dncnn as oracle

from syndr.distort import (
    TYPES,
    DnCNN,
    denoise,
    distort,
    dncnn_id,
    draw,
    load_dncnn,
    set_dncnn_weights,
    white_noise,
)
from syndr.distort.denoising import _SHIPPED
from syndr.errors import InputError


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.sampled_from([1, 3, 5]),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(0, 99),
)
def test_network_equals_the_window_by_window_twin(hidden, size, height, width, seed):
    tensors = dncnn_state((1, *hidden, 1), size, seed)
    network = DnCNN.from_state(tensors, "made up").to(torch.device("cpu"), torch.float64)
    noisy = torch.rand(height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    values = list(tensors.values())
    layers = [(weight.numpy(), bias.numpy()) for weight, bias in zip(values[::2], values[1::2], strict=True)]
    np.testing.assert_allclose(network(noisy[None, None])[0, 0], oracle.denoise(noisy.numpy(), layers), atol=1e-12)


def test_what_the_network_finds_is_taken_away():
    tensors = dncnn_state()
    tensors["model.4.weight"].zero_()
    tensors["model.4.bias"].fill_(0.25)
    noisy = torch.rand(1, 1, 9, 8)
    assert torch.equal(DnCNN.from_state(tensors, "made up")(noisy), noisy - 0.25)


def test_each_channel_is_denoised_alone_and_nothing_is_clamped(photograph):
    network = DnCNN.from_state(dncnn_state(seed=3), "made up")
    images = torch.cat([photograph(40, 50, seed=seed) for seed in range(2)]) / 255
    normal = draw(15, 2, [1, 2], 40, 50)
    clean = denoise(images, 0.03, normal, network)
    noisy = white_noise(images, 0.03, normal)
    for row in range(2):
        for channel in range(3):
            alone = network.to(torch.device("cpu"), torch.float32)(noisy[row, channel][None, None])[0, 0]
            assert torch.equal(clean[row, channel], alone)
    assert clean.min() < 0 or clean.max() > 1
    with pytest.raises(InputError, match="need as many draws"):
        denoise(images, 0.03, normal[:1], network)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_files_of_the_published_architecture(tmp_path, suffix):
    """Twenty layers of 64 channels; safetensors keeps model.10 before model.2."""
    tensors = dncnn_state((1, *[64] * 19, 1))
    path = tmp_path / f"dncnn.{suffix}"
    if suffix == "pth":
        torch.save({"params": tensors}, path)
    else:
        safetensors.torch.save_file(tensors, path)
    network = load_dncnn(path)
    assert len(network.layers) == 20
    for (weight, bias), number in zip(network.layers, range(0, 40, 2), strict=True):
        assert torch.equal(weight, tensors[f"model.{number}.weight"])
        assert torch.equal(bias, tensors[f"model.{number}.bias"])


def test_convolutions_without_bias_have_none():
    tensors = {name: value for name, value in dncnn_state().items() if name != "model.2.bias"}
    assert DnCNN.from_state(tensors, "made up").layers[1][1].tolist() == [0] * 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model.1.weight": torch.ones(6), "model.1.running_mean": torch.ones(6)}, "fold batch normalization"),
        ({"model.1.weight": torch.ones(6), "model.1.bias": torch.ones(6)}, r"model.1.weight has the shape \(6,\)"),
        ({"model.0.weight": torch.ones(6, 3, 3, 3)}, r"model.0.weight.*\(6, 3, 3, 3\); a grey DnCNN needs 6 x 1 x k"),
        ({"model.4.weight": torch.ones(3, 5, 3, 3)}, r"model.4.weight.*\(3, 5, 3, 3\); a grey DnCNN needs 1 x 5 x k"),
        ({"model.2.weight": torch.ones(5, 6, 4, 4)}, "k odd"),
        ({"model.2.weight": torch.ones(5, 6, 3, 5)}, "k odd"),
        ({"model.2.bias": torch.ones(4)}, r"model.2.bias has the shape \(4,\) instead of \(5,\)"),
        ({"mean": torch.ones(1)}, r"it holds \['mean'\]"),
        ({"tail.2.weight": torch.ones(6, 6, 3, 3)}, "do not number the layers"),
    ],
)
def test_files_of_other_networks(tmp_path, change, message):
    safetensors.torch.save_file(dncnn_state() | change, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=rf"other.safetensors: .*{message}"):
        load_dncnn(tmp_path / "other.safetensors")


def test_a_single_convolution_is_no_network(tmp_path):
    torch.save(dncnn_state((1, 1)), tmp_path / "one.pth")
    with pytest.raises(InputError, match="two or more convolutions.*it holds 1 of them"):
        load_dncnn(tmp_path / "one.pth")


def test_unreadable_files(tmp_path):
    (tmp_path / "objects.pth").write_bytes(pickle.dumps({"model.0.weight": np.ones(3)}, protocol=2))
    with pytest.raises(InputError, match="never pickled objects"):
        load_dncnn(tmp_path / "objects.pth")
    with pytest.raises(InputError, match=r"gone.pth: no such weights file"):
        set_dncnn_weights(tmp_path / "gone.pth")
    assert "SYNDR_DNCNN_WEIGHTS" not in os.environ


def test_chosen_weights_are_used_here_and_in_workers(photograph, own_dncnn, monkeypatch):
    image = photograph() / 255
    shipped = distort(image, 15, 3, 1)
    monkeypatch.chdir(own_dncnn.parent)
    set_dncnn_weights(own_dncnn.name)
    assert os.environ["SYNDR_DNCNN_WEIGHTS"] == str(own_dncnn)
    own = distort(image, 15, 3, 1)
    assert not torch.equal(own, shipped)
    set_dncnn_weights(None)
    assert torch.equal(distort(image, 15, 3, 1), shipped)
    monkeypatch.setenv("SYNDR_DNCNN_WEIGHTS", str(own_dncnn))  # as a worker finds it
    assert torch.equal(distort(image, 15, 3, 1), own)


def test_ids_name_the_weights_and_not_their_file(own_dncnn):
    shipped = dncnn_id()
    safetensors.torch.save_file(dncnn_state(), own_dncnn.with_name("other.safetensors"))
    ids = []
    for path in (own_dncnn, own_dncnn.with_name("other.safetensors")):
        set_dncnn_weights(path)
        ids.append(dncnn_id())
    assert ids[0] == ids[1] == DnCNN.from_state(dncnn_state(), "made up").id != shipped
    assert DnCNN.from_state(dncnn_state(seed=1), "made up").id != ids[0]


def test_a_file_that_has_gone_is_named(own_dncnn, monkeypatch):
    monkeypatch.setenv("SYNDR_DNCNN_WEIGHTS", str(own_dncnn.with_name("gone.pth")))
    with pytest.raises(InputError, match="gone.pth: no such weights file"):
        distort(torch.rand(1, 3, 32, 32), 15, 1, 0)


def test_the_shipped_network_has_the_published_depth_and_is_small():
    assert _SHIPPED.stat().st_size < 3_000_000
    shapes = [tuple(weight.shape) for weight, _ in load_dncnn(_SHIPPED).layers]
    assert shapes == [(16, 1, 3, 3), *[(16, 16, 3, 3)] * 18, (1, 16, 3, 3)]


#: PSNR on the middle of china: ours, and the specification's figures for the authors' network.
CHINA = ((23.4, 25.8), (21.6, 22.5), (20.7, 20.8), (18.1, 17.6), (15.9, 15.0))


@pytest.mark.parametrize(("level", "ours", "published"), [(at, *figures) for at, figures in enumerate(CHINA, start=1)])
def test_china_is_about_as_far_from_its_reference_as_through_the_authors_network(level, ours, published):
    """SPEC section 4. The photograph was kept out of the training; another draw moves a figure by 0.03 dB."""
    datasets = pytest.importorskip("sklearn.datasets", reason="the photograph is scikit-learn's")
    middle = datasets.load_sample_image("china.jpg")[21:405, 64:576]
    picture = torch.from_numpy(middle.copy()).permute(2, 0, 1)[None] / 255
    clean = denoise(picture, TYPES[15].levels[level - 1], draw(15, level, [1], 384, 512))
    psnr = -10 * (clean - picture).square().mean().log10().item()
    assert psnr == pytest.approx(ours, abs=0.15)
    assert abs(psnr - published) < (2.5 if level == 1 else 1.1)


@pytest.mark.parametrize(("level", "share"), [(1, 0), (2, 0), (3, 0.03), (4, 0.43), (5, 0.55)])
def test_noise_beyond_the_published_networks_range_is_left_as_grain(level, share):
    """Of noise of deviation s after the clamp, 1 - (55 / 255 s)^2 is to be left where s is larger than 55 of 255."""
    flat = torch.full((1, 3, 192, 192), 0.5)
    normal = draw(15, level, [3], 192, 192)
    noise, left = (
        (f(flat, TYPES[15].levels[level - 1], normal) - flat)[..., 24:-24, 24:-24].flatten()
        for f in (white_noise, denoise)
    )
    # A network that does not know the picture keeps some noise as texture: up to a fifth within its range.
    assert (noise @ left / (noise @ noise)).item() == pytest.approx(share, abs=0.05 if level > 3 else 0.2)
    assert left.mean().item() == pytest.approx(0, abs=0.01)


def test_the_mean_of_clamped_noise_stays():
    """As the published network leaves it, which was trained on noise that is not clamped: black comes out brighter."""
    black = torch.zeros(1, 3, 128, 128)
    normal = draw(15, 3, [3], 128, 128)
    noisy, clean = (f(black, TYPES[15].levels[2], normal)[..., 24:-24, 24:-24] for f in (white_noise, denoise))
    assert clean.mean().item() == pytest.approx(noisy.mean().item(), abs=0.01)
    assert clean.std() < 0.4 * noisy.std()


def test_flat_areas_become_flat_and_keep_their_value():
    flat = torch.tensor([0.2, 0.5, 0.8]).view(1, 3, 1, 1).expand(1, 3, 96, 96)
    normal = draw(15, 1, [3], 96, 96)
    noisy, clean = (f(flat, TYPES[15].levels[0], normal)[..., 8:-8, 8:-8] for f in (white_noise, denoise))
    assert (clean.std((2, 3)) < 0.25 * noisy.std((2, 3))).all()
    assert (clean.mean((2, 3)) - flat.mean((2, 3))).abs().max() < 0.01
