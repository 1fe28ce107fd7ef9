"""Pictures in and out: decoding, codecs, folders of files and their tables, crops, and files set aside.

What needs torch and Pillow is imported on first use, so that listing a folder or writing ``rejected.csv``
needs neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndr.images.imagefolder import METADATA, write_metadata
from syndr.images.listing import IMAGE_SUFFIXES, list_images, samples_from_folder
from syndr.images.rejected import Rejected, write_rejected
from syndr.lazy import lazy_exports

if TYPE_CHECKING:
    from syndr.images.ahead import read_ahead
    from syndr.images.cache import PictureCache
    from syndr.images.crops import center_crop, random_crop, resize_shorter_side
    from syndr.images.decoding import MAX_PIXELS, decode
    from syndr.images.encoding import check_picture_suffix, encode_png, encode_thumbnail, write_image
    from syndr.images.sizes import check_input_size, resize_input
    from syndr.images.writer import PictureWriter

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "METADATA",
    "PictureCache",
    "PictureWriter",
    "Rejected",
    "center_crop",
    "check_input_size",
    "check_picture_suffix",
    "decode",
    "encode_png",
    "encode_thumbnail",
    "list_images",
    "random_crop",
    "read_ahead",
    "resize_input",
    "resize_shorter_side",
    "samples_from_folder",
    "write_image",
    "write_metadata",
    "write_rejected",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "MAX_PIXELS": "decoding",
        "PictureCache": "cache",
        "PictureWriter": "writer",
        "center_crop": "crops",
        "check_input_size": "sizes",
        "check_picture_suffix": "encoding",
        "decode": "decoding",
        "encode_png": "encoding",
        "encode_thumbnail": "encoding",
        "random_crop": "crops",
        "read_ahead": "ahead",
        "resize_input": "sizes",
        "resize_shorter_side": "crops",
        "write_image": "encoding",
    },
    needs=("torch", "PIL"),
    extra="torch",
)
