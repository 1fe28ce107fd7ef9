"""A network small enough to run in milliseconds, and a folder of pictures to run it on."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from syndr.features import Backbone
from syndr.images import samples_from_folder, write_image


def make_tiny(seed=0, dims=8):
    generator = torch.Generator().manual_seed(seed)
    convolution = nn.Conv2d(3, dims, 5, stride=4)
    with torch.no_grad():
        for parameter in convolution.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.4)
    body = nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Backbone("tiny", body, dims=dims, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))


@pytest.fixture
def tiny():
    return make_tiny


@pytest.fixture
def photos(tmp_path):
    """Eleven pictures of various sizes, some smaller than the crop of 32 the tests use."""
    generator = torch.Generator().manual_seed(1)
    for number in range(11):
        size = (3, 20 + 5 * number, 60 - 3 * number)
        image = torch.randint(0, 256, size, dtype=torch.uint8, generator=generator)
        write_image(tmp_path / f"photos/{number:02}.png", image)
    return samples_from_folder(tmp_path / "photos")
