"""What a caller may give: images, and integers for all images or one for each."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from syndr.distort.registry import TYPES
from syndr.errors import InputError

_DTYPES = (torch.uint8, torch.float16, torch.bfloat16, torch.float32, torch.float64)


def check_images(images: Tensor) -> None:
    """Refuse what is not (B, 3, H, W) of a known dtype; values are checked where they are stretched."""
    if not isinstance(images, Tensor):
        raise InputError(f"images must be a torch tensor; got {type(images).__name__}")
    if images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape:
        raise InputError(f"images must have the shape (B, 3, H, W), nothing of it 0; got {tuple(images.shape)}")
    if images.dtype not in _DTYPES:
        raise InputError(f"images must be uint8 or float in [0, 1]; got {images.dtype}")


def check_ids(ids: Sequence[str], count: int) -> None:
    """Refuse what is not one string per image."""
    if isinstance(ids, str) or not all(isinstance(name, str) for name in ids):
        raise InputError("ids must be a sequence of strings")
    if len(ids) != count:
        raise InputError(f"{count} images need as many ids; got {len(ids)}")


def check_type(number: int) -> int:
    """Give the number of a distortion type back, or refuse it."""
    if number not in TYPES:
        raise InputError(f"distortion type {number} is not known; there are {', '.join(map(str, TYPES))}")
    return number


def check_level(number: int) -> int:
    """Give a level back, or refuse it."""
    if number not in range(1, 6):
        raise InputError(f"level {number} is not one of KADID's levels 1..5")
    return number


def scalar(name: str, value: Any) -> int:
    """Give one integer."""
    number = _integers(name, value)
    if not isinstance(number, int):
        raise InputError(f"{name} must be one integer here; got {len(number)} of them")
    return number


def per_image(name: str, values: Any, count: int) -> list[int]:
    """Give one integer per image, from as many or from one for all."""
    numbers = _integers(name, values)
    if isinstance(numbers, int):
        return [numbers] * count
    if len(numbers) != count:
        raise InputError(f"{count} images need one {name} or {count} of them; got {len(numbers)}")
    return numbers


def per_image_seeds(seed: Any, ids: Sequence[str] | None, count: int) -> list[int]:
    """Give one signed 64-bit seed per image."""
    words = _integers("seed", seed)
    if isinstance(words, int) and ids is not None:
        from syndr import rng  # not at the top: it needs the native core, which images with own seeds do not

        return [int(word) for word in rng.sample_seeds(words, ids)]
    if isinstance(words, int) and count != 1:
        raise InputError(f"{count} images need one seed each, or ids= to make them from one seed")
    return [_signed(word) for word in per_image("seed", words, count)]


def _integers(name: str, values: Any) -> int | list[int]:
    """Give Python integers for an integer, or for a sequence, array or tensor of integers."""
    values = values.tolist() if hasattr(values, "tolist") else values
    try:
        sequence = isinstance(values, Sequence) and not isinstance(values, str)
        return [_integer(value) for value in values] if sequence else _integer(values)
    except TypeError:
        raise InputError(f"{name} must be an integer or one integer per image; got {values!r:.100}") from None


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError("a truth value is not a number")
    return operator.index(value)


def _signed(word: int) -> int:
    """Give the signed form of a 64-bit word, as torch has no unsigned arithmetic."""
    if not -(2**63) <= word < 2**64:
        raise InputError(f"seed {word} does not fit into 64 bits")
    return (word + 2**63) % 2**64 - 2**63
