"""From an RGB tensor to the bytes of an image file: lossless ones to keep, small ones to look at."""

from __future__ import annotations

import io
from pathlib import Path

import torch
from PIL import Image

from syndr.errors import InputError
from syndr.files import atomic_path

_FORMATS = {".png": "PNG", ".bmp": "BMP"}

# Of zlib's 0..9. Photographs take 6% more room than at Pillow's 6, in less than half of the time.
_PNG_EFFORT = 3


def encode_png(image: torch.Tensor) -> bytes:
    """Encode a picture as PNG.

    Args:
        image: uint8 tensor of shape (3, H, W), RGB, on any device.

    Returns:
        The bytes of the file; :func:`~syndr.images.decode` gives the same tensor back.

    Raises:
        InputError: When the tensor has another shape or dtype.
    """
    buffer = io.BytesIO()
    _picture(image).save(buffer, "PNG")
    return buffer.getvalue()


def encode_thumbnail(image: torch.Tensor, width: int = 160, height: int = 120) -> bytes:
    """Encode a picture as a small WebP that fits into ``width`` x ``height`` pixels.

    Args:
        image: uint8 tensor of shape (3, H, W), RGB, on any device.
        width: Most pixels across.
        height: Most pixels down.

    Returns:
        The bytes of the file.

    Raises:
        InputError: When the tensor has another shape or dtype.
    """
    picture = _picture(image)
    picture.thumbnail((width, height))
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=75)
    return buffer.getvalue()


def write_image(path: str | Path, image: torch.Tensor) -> None:
    """Write a picture losslessly as ``.png`` or ``.bmp`` (by suffix), whole or not at all.

    Args:
        path: The file to write; its folder is made when absent.
        image: uint8 tensor of shape (3, H, W), RGB, on any device.

    Raises:
        InputError: When the suffix is another one, or the tensor has another shape or dtype.
    """
    check_picture_suffix(path)
    picture = _picture(image)
    with atomic_path(path) as temporary:
        picture.save(temporary, _FORMATS[temporary.suffix.lower()], compress_level=_PNG_EFFORT)


def check_picture_suffix(path: str | Path) -> None:
    """Raise InputError unless :func:`write_image` can write a file of this name."""
    if Path(path).suffix.lower() not in _FORMATS:
        raise InputError(f"{path}: pictures are written losslessly; use a name ending in {' or '.join(_FORMATS)}")


def _picture(image: torch.Tensor) -> Image.Image:
    if image.dtype != torch.uint8 or image.ndim != 3 or image.shape[0] != 3 or image.numel() == 0:
        raise InputError(f"a picture to write must be uint8 of shape (3, H, W), not {image.dtype} {tuple(image.shape)}")
    return Image.fromarray(image.permute(1, 2, 0).contiguous().cpu().numpy())
