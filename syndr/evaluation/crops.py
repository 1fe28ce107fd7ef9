"""Which parts of a picture are scored."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor

from syndr.errors import InputError
from syndr.images import center_crop, random_crop
from syndr.rng import hash_ids

#: ``"random"``: five crops drawn by (seed, id), the paper's five patches made repeatable. ``"corners"``: the
#: centre and the four corners. ``"full"``: the whole picture.
CropRule = Literal["random", "corners", "full"]

#: Number of crops of the rules that cut.
CROPS = 5

# Another purpose than the draws of training, which are 1 and 2.
_CROPS_PURPOSE = 3

_FIRST, _LAST = 0.0, math.nextafter(1.0, 0.0)


def cut_crops(image: Tensor, rule: CropRule, sample_id: str, seed: int = 0, size: int = 224) -> Tensor:
    """Cut the crops of one picture.

    Args:
        image: uint8 or floating (3, H, W); enlarged first when a side is shorter than ``size``.
        rule: Which crops.
        sample_id: Decides random crops together with ``seed``.
        seed: Seed of random crops.
        size: Side of a crop in pixels; ``"full"`` does not use it.

    Returns:
        Shape (5, 3, size, size), or (1, 3, H, W) for ``"full"``.

    Raises:
        InputError: When the picture has another shape, or ``size`` is not positive.
        ImageError: When the picture is too elongated to be enlarged.
    """
    check_rule(rule)
    if rule == "full":
        return image[None]
    if rule == "corners":
        places = [(_FIRST, _FIRST), (_FIRST, _LAST), (_LAST, _FIRST), (_LAST, _LAST)]
        return torch.stack([center_crop(image, size), *(random_crop(image, size, *place) for place in places)])
    draws = [int(hash_ids([sample_id], seed, _CROPS_PURPOSE, number)[0]) for number in range(CROPS)]
    return torch.stack([random_crop(image, size, (bits >> 32) / 2**32, (bits & 0xFFFFFFFF) / 2**32) for bits in draws])


def check_rule(rule: str) -> None:
    """Refuse an unknown rule.

    Raises:
        InputError: Naming the choices.
    """
    if rule not in get_args(CropRule):
        raise InputError(f"crops must be one of {', '.join(get_args(CropRule))}, not {rule!r}")
