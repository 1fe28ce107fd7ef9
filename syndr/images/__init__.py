"""Pictures in and out: decoding, codecs, folders of files and their tables, crops, and files set aside.

What needs torch and Pillow is imported on first use, so that listing a folder or writing ``rejected.csv``
needs neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndr.images.huggingface import dataset_images
from syndr.images.imagefolder import METADATA, METADATA_FILES, read_imagefolder, write_metadata
from syndr.images.listing import IMAGE_SUFFIXES, glob_images, list_images, samples_from_folder
from syndr.images.rejected import REJECTED, Rejected, read_rejected, write_rejected
from syndr.images.sources import PictureSource, open_pictures
from syndr.lazy import lazy_exports

if TYPE_CHECKING:
    from syndr.images.ahead import read_ahead
    from syndr.images.cache import PictureCache
    from syndr.images.crops import center_crop, random_crop, resize_shorter_side
    from syndr.images.decoding import MAX_PIXELS, FileFacts, Picture, decode, read_picture
    from syndr.images.encoding import check_picture_suffix, encode_png, encode_thumbnail, write_image
    from syndr.images.sizes import check_input_size, resize_input
    from syndr.images.writer import PictureWriter

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "METADATA",
    "METADATA_FILES",
    "REJECTED",
    "FileFacts",
    "Picture",
    "PictureCache",
    "PictureSource",
    "PictureWriter",
    "Rejected",
    "center_crop",
    "check_input_size",
    "check_picture_suffix",
    "dataset_images",
    "decode",
    "encode_png",
    "encode_thumbnail",
    "glob_images",
    "list_images",
    "open_pictures",
    "random_crop",
    "read_ahead",
    "read_imagefolder",
    "read_picture",
    "read_rejected",
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
        "FileFacts": "decoding",
        "MAX_PIXELS": "decoding",
        "Picture": "decoding",
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
        "read_picture": "decoding",
        "resize_input": "sizes",
        "resize_shorter_side": "crops",
        "write_image": "encoding",
    },
    needs=("torch", "PIL"),
    extra="torch",
)
