"""The size that pictures are brought to before crops are cut from them."""

from __future__ import annotations

import re

import torch
from torch.nn.functional import interpolate

from syndr.errors import InputError
from syndr.images.crops import resize_shorter_side

_SHORTER = re.compile(r"shorter-(\d+)")
_EXACT = re.compile(r"(\d+)x(\d+)")


def resize_input(image: torch.Tensor, size: str) -> torch.Tensor:
    """Bring a picture to the input size of a protocol.

    Args:
        image: uint8 or floating tensor of shape (3, H, W).
        size: ``"native"``; ``"shorter-512"``, which keeps the aspect ratio; or ``"512x384"``, width and height, which
            does not. Bilinear, widened when shrinking.

    Returns:
        Tensor of the same dtype; the input itself when it has this size already.

    Raises:
        InputError: When there is no such size.
        ImageError: When the picture is too elongated for it.
    """
    check_input_size(size)
    if shorter := _SHORTER.fullmatch(size):
        return resize_shorter_side(image, int(shorter[1]))
    if sides := _EXACT.fullmatch(size):
        width, height = int(sides[1]), int(sides[2])
        if tuple(image.shape[-2:]) == (height, width):
            return image
        exact = image if image.is_floating_point() else image.float()
        resized = interpolate(exact[None], (height, width), mode="bilinear", antialias=True)[0]
        return resized if image.is_floating_point() else resized.round().clamp(0, 255).to(image.dtype)
    return image


def check_input_size(size: str) -> None:
    """Refuse a size that is none; raises InputError with the forms there are."""
    sides = [
        int(side) for pattern in (_SHORTER, _EXACT) if (match := pattern.fullmatch(size)) for side in match.groups()
    ]
    if size != "native" and (not sides or min(sides) < 2):
        raise InputError(f"input size must be native, shorter-N or WxH (such as 512x384), not {size!r}")
