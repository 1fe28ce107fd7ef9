"""Windows of photographs, for a network to see more contents than there are photographs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from syndr.demo.photos import HEIGHT, WIDTH, Photo
from syndr.errors import ImageError
from syndr.rng import hash_ids

#: A window's sides over those of the largest 4:3 rectangle, from and to.
_SHARES = (0.3, 0.9)


def with_windows(name: str, image: Tensor, count: int) -> Photo:
    """Take a photograph (3, H, W) uint8 whole, and windows of it: anywhere, of any size, every second toned otherwise.

    None is scaled up where the whole is not, for it would be a blurred one. Those that are all one colour are left out.
    """
    whole = Photo.whole(name, image)
    draw = np.random.default_rng(int(hash_ids([name], 0)[0]))
    rows, columns = image.shape[1:]
    unit = min(rows / HEIGHT, columns / WIDTH)
    windows = []
    for number in range(count):
        share = min(max(draw.uniform(*_SHARES), 1 / unit), 1.0)
        height, width = round(HEIGHT * unit * share), round(WIDTH * unit * share)
        y, x = draw.integers(rows - height, endpoint=True), draw.integers(columns - width, endpoint=True)
        window = image[:, y : y + height, x : x + width]
        try:
            windows += Photo.whole(name, _toned(window, draw) if number % 2 else window).windows
        except ImageError:
            continue
    return Photo(name, (*whole.windows, *windows))


def _toned(image: Tensor, draw: np.random.Generator) -> Tensor:
    """Change gamma, contrast and brightness, as another exposure would."""
    gamma, contrast, brightness = np.exp(draw.uniform(-0.5, 0.5)), draw.uniform(0.6, 1.15), draw.uniform(-0.1, 0.1)
    toned = ((image.double() / 255) ** gamma - 0.5) * contrast + 0.5 + brightness
    return (toned.clamp(0, 1) * 255).round().to(torch.uint8)
