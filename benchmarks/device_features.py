"""The KADID-like generator on a device: the same data set in kind, drawn by torch where it is used."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from benchmarks.generator import LEVELS, PER_REFERENCE, TYPES, KadidLike

_REFERENCES = 64  # drawn at a time


def samples(generator: KadidLike, rows: int, device: Any) -> tuple[Tensor, Tensor]:
    """Give distorted samples: features (rows, dims) float32 and labels (rows,) float64 on the 0-10 scale.

    They follow :meth:`KadidLike.samples` step by step, with torch's random numbers for the device in place of NumPy's.
    """
    shared = generator.shared()
    scale, base, types = (torch.from_numpy(part).to(device) for part in (shared.scale, shared.base, shared.types))
    draw = torch.Generator(device).manual_seed(generator.seed)
    features = torch.empty(rows, generator.dims, device=device)
    labels = torch.empty(rows, dtype=torch.float64, device=device)
    low, high = shared.spread
    best, slope, noise = shared.label
    levels = torch.tensor(shared.strength, device=device)
    for start in range(0, rows, _REFERENCES * PER_REFERENCE):
        count = min(_REFERENCES, -(-(rows - start) // PER_REFERENCE))
        content = scale * (base + torch.randn(count, 1, 1, generator.dims, generator=draw, device=device))
        shape = (count, TYPES, LEVELS)
        strength = levels * (low + (high - low) * torch.rand(shape, generator=draw, device=device, dtype=torch.float64))
        quality = best + slope * strength
        quality += noise * torch.randn(shape, generator=draw, device=device, dtype=torch.float64)
        a = strength.float()[..., None]
        drawn = torch.randn(*shape, generator.dims, generator=draw, device=device)
        moved = (1 - a) * content + a * (types[:, None] + shared.noise * scale * drawn)
        there = slice(start, min(start + count * PER_REFERENCE, rows))
        features[there] = moved.clamp_min_(0).view(-1, generator.dims)[: there.stop - start]
        labels[there] = quality.clamp_(0, 10).view(-1)[: there.stop - start]
    return features, labels
