"""A distortion's parameter, given once for all images or once for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from syndr.images.devices import send

#: A number for all images of a batch, or one for each.
Parameter = float | Sequence[float]


def each(parameter: Parameter, count: int) -> list[float]:
    """Give one number for each of ``count`` images."""
    return list(parameter) if isinstance(parameter, Sequence) else [parameter] * count


def changed(parameter: Parameter, function: Callable[[float], float]) -> Parameter:
    """Give a function's values of it, in float64."""
    return [function(value) for value in parameter] if isinstance(parameter, Sequence) else function(parameter)


def across(parameter: Parameter, images: Tensor) -> float | Tensor:
    """Give what images (B, ...) are multiplied by, or what is added to them: a number, or a tensor (B, 1, ..., 1)."""
    if not isinstance(parameter, Sequence):
        return parameter
    values = torch.tensor(parameter, dtype=images.dtype).view(-1, *[1] * (images.ndim - 1))
    return send(values, images.device)  # new_tensor would wait for all that is queued there
