"""A distortion's parameter, given once for all images or once for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import overload

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class PerImage(Sequence[float]):
    """One of a few numbers for each image, looked up where the images are.

    On a GPU the few are kept; to copy one for each image there, for every step of every type, would take longer than
    what is done with them.

    Attributes:
        table: The few.
        rows: The place of each image's number in the table.
        where: The same as a tensor (B,) int64 on the images' device.
    """

    table: tuple[float, ...]
    rows: Sequence[int]
    where: Tensor

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, image: int) -> float: ...
    @overload
    def __getitem__(self, image: slice) -> list[float]: ...
    def __getitem__(self, image: int | slice) -> float | list[float]:
        if isinstance(image, slice):
            return [self.table[row] for row in self.rows[image]]
        return self.table[self.rows[image]]


#: A number for all images of a batch, or one for each.
Parameter = float | Sequence[float]


def each(parameter: Parameter, count: int) -> list[float]:
    """Give one number for each of ``count`` images."""
    return list(parameter) if isinstance(parameter, Sequence) else [parameter] * count


def changed(parameter: Parameter, function: Callable[[float], float]) -> Parameter:
    """Give a function's values of it, in float64."""
    if isinstance(parameter, PerImage):
        return replace(parameter, table=tuple(map(function, parameter.table)))
    return [function(value) for value in parameter] if isinstance(parameter, Sequence) else function(parameter)


def across(parameter: Parameter, images: Tensor) -> float | Tensor:
    """Give what images (B, ...) are multiplied by, or what is added to them: a number, or a tensor (B, 1, ..., 1)."""
    if not isinstance(parameter, Sequence):
        return parameter
    return numbers(parameter, images, images.dtype).view(-1, *[1] * (images.ndim - 1))


def numbers(parameter: Parameter, images: Tensor, dtype: torch.dtype) -> Tensor:
    """Give each image's number on the images' device: (B,)."""
    chosen = looked_up(parameter, images)
    return constant(chosen.table, dtype, images.device).index_select(0, chosen.where)


def looked_up(parameter: Parameter, images: Tensor) -> PerImage:
    """Give each image's number out of a table, to be looked up on the images' device."""
    count, device = len(images), images.device
    if isinstance(parameter, PerImage):
        return parameter if parameter.where.device == device else replace(parameter, where=parameter.where.to(device))
    if isinstance(parameter, Sequence):
        return PerImage(tuple(parameter), range(count), torch.arange(count, device=device))
    return PerImage((parameter,), [0] * count, torch.zeros(count, dtype=torch.int64, device=device))


@lru_cache(4096)
def constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Give numbers where they are needed: copied there once, and not to be modified.

    They are there when this returns, as whatever stream may use them next.
    """
    return torch.tensor(values, dtype=dtype, device=device)
