"""Pictures to distort, made from a seed: there is no photograph to fetch, and nothing to license."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def photographs(count: int, height: int, width: int, device: str = "cpu") -> Tensor:
    """Give uint8 pictures (count, 3, height, width): smooth shapes with some texture, all different."""
    generator = torch.Generator().manual_seed(0)
    shapes = torch.rand((count, 3, height // 32, width // 32), generator=generator)
    smooth = nn.functional.interpolate(shapes, (height, width), mode="bicubic")
    texture = 0.05 * torch.randn((count, 3, height, width), generator=generator)
    return ((smooth + texture).clamp(0, 1) * 255).round().to(torch.uint8).to(device)
