"""Crops and the one way to resize.

A picture smaller than the crop is first enlarged so that its shorter side equals the crop, and is then
cropped like any other. Padding would put edges into the picture that quality models see as distortions, and
refusing would drop a whole class of images.
"""

from __future__ import annotations

import torch
from torch.nn.functional import interpolate

from syndr.errors import ImageError, InputError

# A strip of 1 x 100,000 pixels would need 15 GB once its shorter side is 224.
_MAX_RESIZED_PIXELS = 1 << 28


def resize_shorter_side(image: torch.Tensor, size: int) -> torch.Tensor:
    """Resize so that the shorter side has ``size`` pixels and the aspect ratio is kept.

    Bilinear (triangle filter), widened when shrinking so that it does not alias. The longer side is rounded
    down, as torchvision does.

    Args:
        image: uint8 or floating tensor of shape (C, H, W) or (B, C, H, W), on any device.
        size: Pixels, at least 2.

    Returns:
        Tensor of the same dtype, uint8 rounded to nearest; the input itself when it has this size already.

    Raises:
        InputError: When the tensor has another shape or dtype, or ``size`` is less than 2.
        ImageError: When the picture is so elongated that the result would pass 2**28 pixels.
    """
    _check(image, size)
    if size < 2:
        # torch's kernel repeats the first row when the result is one pixel wide (seen in 2.15).
        raise InputError(f"cannot resize the shorter side to {size}; choose at least 2 pixels")
    height, width = image.shape[-2:]
    shorter = min(height, width)
    if shorter == size:
        return image
    new_height, new_width = size * height // shorter, size * width // shorter
    if new_height * new_width > _MAX_RESIZED_PIXELS:
        raise ImageError(
            f"a picture of {width} x {height} pixels is too elongated to bring its shorter side to {size}; "
            "cut it into pieces first"
        )
    batch = image if image.ndim == 4 else image[None]
    exact = batch if batch.is_floating_point() else batch.float()
    resized = interpolate(exact, (new_height, new_width), mode="bilinear", antialias=True)
    if not image.is_floating_point():
        resized = resized.round().clamp(0, 255).to(torch.uint8)
    return resized if image.ndim == 4 else resized[0]


def center_crop(image: torch.Tensor, size: int = 224) -> torch.Tensor:
    """Cut the central square; an odd margin is split as torchvision's ``CenterCrop`` does.

    Args:
        image: uint8 or floating tensor of shape (C, H, W) or (B, C, H, W), on any device. When a side is
            shorter than ``size``, the picture is first enlarged by :func:`resize_shorter_side`.
        size: Side of the crop in pixels.

    Returns:
        Contiguous tensor of shape (..., size, size).

    Raises:
        InputError: When the tensor has another shape or dtype, or ``size`` is not positive.
        ImageError: As :func:`resize_shorter_side`.
    """
    image = _at_least(image, size)
    return _cut(image, *crop_offsets(image.shape[-2], image.shape[-1], size), size)


def random_crop(image: torch.Tensor, size: int, u_y: float | torch.Tensor, u_x: float | torch.Tensor) -> torch.Tensor:
    """Cut a square whose place is given by uniform draws; all places are equally likely.

    Args:
        image: As for :func:`center_crop`.
        size: Side of the crop in pixels.
        u_y: Uniform draw in [0, 1) for the vertical place; for a batch also a tensor of shape (B,).
        u_x: The same for the horizontal place.

    Returns:
        Contiguous tensor of shape (..., size, size).

    Raises:
        InputError: As :func:`center_crop`, and when a draw is outside [0, 1) or their number does not fit.
        ImageError: As :func:`resize_shorter_side`.
    """
    image = _at_least(image, size)
    height, width = image.shape[-2:]
    tops, lefts = _offsets(u_y, height - size + 1), _offsets(u_x, width - size + 1)
    if len(tops) == len(lefts) == 1:
        return _cut(image, tops[0], lefts[0], size)
    if image.ndim != 4 or not len(tops) == len(lefts) == len(image):
        raise InputError(
            f"random_crop: {len(tops)} and {len(lefts)} draws do not fit images of shape {tuple(image.shape)}; "
            "give one draw in all or one for each image"
        )
    crops = [_cut(one, top, left, size) for one, top, left in zip(image, tops, lefts, strict=True)]
    return torch.stack(crops)


def crop_offsets(height: int, width: int, size: int, place: tuple[float, float] | None = None) -> tuple[int, int]:
    """Say where :func:`random_crop` cuts a picture that needs no enlarging, or :func:`center_crop` without a place.

    Args:
        height: Of the picture, at least ``size`` pixels.
        width: The same.
        size: Side of the crop.
        place: Uniform draws in [0, 1) for the vertical and the horizontal place.

    Returns:
        Top and left.

    Raises:
        InputError: When a draw is outside [0, 1).
    """
    if place is None:
        return round((height - size) / 2), round((width - size) / 2)
    return _offsets(place[0], height - size + 1)[0], _offsets(place[1], width - size + 1)[0]


def _offsets(u: float | torch.Tensor, places: int) -> list[int]:
    if isinstance(u, float) and 0.0 <= u < 1.0:  # the tensors below would take longer than to cut the crop
        return [int(u * places)]
    draws = torch.as_tensor(u, dtype=torch.float64).reshape(-1)
    if not bool(((draws >= 0) & (draws < 1)).all()):
        raise InputError(f"random_crop: uniform draws must lie in [0, 1), not {draws.tolist()[:5]}")
    offsets: list[int] = (draws * places).long().tolist()
    return offsets


def _cut(image: torch.Tensor, top: int, left: int, size: int) -> torch.Tensor:
    # Contiguous, because a view would keep the whole picture in memory.
    return image[..., top : top + size, left : left + size].contiguous()


def _at_least(image: torch.Tensor, size: int) -> torch.Tensor:
    _check(image, size)
    return image if min(image.shape[-2:]) >= size else resize_shorter_side(image, size)


def _check(image: torch.Tensor, size: int) -> None:
    if image.ndim not in (3, 4) or not (image.dtype == torch.uint8 or image.is_floating_point()):
        raise InputError(
            f"images must be uint8 or floating of shape (C, H, W) or (B, C, H, W), "
            f"not {image.dtype} {tuple(image.shape)}"
        )
    if size < 1 or min(image.shape[-2:]) < 1:
        raise InputError(f"cannot crop or resize images of shape {tuple(image.shape)} to size {size}")
