"""Pictures in and out: decoding, codecs, folders of files, crops, and the list of files set aside.

What needs torch and Pillow is imported on first use, so that listing a folder or writing ``rejected.csv``
needs neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from syndr.errors import require
from syndr.images.listing import IMAGE_SUFFIXES, list_images, samples_from_folder
from syndr.images.rejected import Rejected, write_rejected

if TYPE_CHECKING:
    from syndr.images.ahead import read_ahead
    from syndr.images.crops import center_crop, random_crop, resize_shorter_side
    from syndr.images.decoding import MAX_PIXELS, decode
    from syndr.images.encoding import encode_png, encode_thumbnail, write_image

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "Rejected",
    "center_crop",
    "decode",
    "encode_png",
    "encode_thumbnail",
    "list_images",
    "random_crop",
    "read_ahead",
    "resize_shorter_side",
    "samples_from_folder",
    "write_image",
    "write_rejected",
]

_NEEDS_TORCH = {
    "MAX_PIXELS": "decoding",
    "center_crop": "crops",
    "decode": "decoding",
    "encode_png": "encoding",
    "encode_thumbnail": "encoding",
    "random_crop": "crops",
    "read_ahead": "ahead",
    "resize_shorter_side": "crops",
    "write_image": "encoding",
}


def __getattr__(name: str) -> Any:
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module 'syndr.images' has no attribute {name!r}")
    for module in ("torch", "PIL"):
        require(module, "torch")
    return getattr(import_module(f"syndr.images.{_NEEDS_TORCH[name]}"), name)
