"""A tiny backbone and a tiny set of pictures for tests of training and evaluation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from syndr.errors import ImageError
from syndr.features import Backbone
from syndr.samples import Samples
from syndr.training import IQAModel

CROP = 32


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """The tensors here are too small to share among threads, and idle ones would only spin."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny_backbone(seed=0, dropout=0.0):
    """Two pooled convolution layers, 12 features; with dropout it is random in training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        body = nn.Sequential(
            nn.Conv2d(3, 8, 5, stride=3),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 12, 3, stride=2),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(dropout),
        )
    return Backbone("tiny", body, 12, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def tiny_model(seed=0, dropout=0.0):
    return IQAModel(tiny_backbone(seed, dropout), seed=seed)


class Pictures:
    """Pictures whose quality is their contrast; rows in ``broken`` cannot be read."""

    def __init__(self, count=24, seed=0, broken=()):
        draw = np.random.default_rng(seed)
        self.quality = draw.uniform(0, 10, count)
        noise = draw.normal(size=(count, 3, 40, 48))
        pixels = 128 + noise * (4 + 6 * self.quality[:, None, None, None])
        self.pixels = torch.from_numpy(pixels.clip(0, 255).astype(np.uint8))
        self.broken = set(broken)
        self.ids = [f"picture-{row:03d}" for row in range(count)]

    def __call__(self, row):
        if row in self.broken:
            raise ImageError(f"picture {row} is truncated")
        return self.pixels[row]

    @property
    def samples(self):
        return Samples.from_columns(
            id=self.ids, path=[f"{name}.png" for name in self.ids], quality=self.quality.tolist()
        )


class RecordingThinner:
    """Keeps every second row and remembers what it was asked."""

    def __init__(self, step=2):
        self.step = step
        self.calls_ = []

    def fit(self, X, y=None, ids=None, epoch=0):
        self.calls_.append({"X": X.copy(), "y": y.copy(), "ids": list(ids), "epoch": epoch})
        self.sample_indices_ = np.arange(0, len(X), self.step)
        return self


def weights_of(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same_weights(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
