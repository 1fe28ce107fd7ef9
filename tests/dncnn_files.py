"""Small random DnCNNs, as tensors in the authors' layout and as files."""

from __future__ import annotations

import itertools

import torch


def dncnn_state(channels=(1, 6, 5, 1), size=3, seed=0):
    """Convolutions at every second place: ``model.0.weight``, ``model.0.bias``, ``model.2.weight``, ..."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for place, (inputs, outputs) in enumerate(itertools.pairwise(channels)):
        scale = (2 / (inputs * size * size)) ** 0.5
        weight = scale * torch.randn(outputs, inputs, size, size, generator=generator)
        tensors[f"model.{2 * place}.weight"] = weight
        tensors[f"model.{2 * place}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
    return tensors
