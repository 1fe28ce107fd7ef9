"""Compression through the real codecs: JPEG 2000 (type 9, OpenJPEG) and JPEG (type 10, libjpeg), by Pillow.

Pictures on a GPU go through them too, unless ``set_jpeg_codec`` has chosen another one for JPEG.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from syndr.distort.jpeg_codecs import jpeg_codec
from syndr.distort.stretch import round_to_8bit
from syndr.distort.workers import each
from syndr.errors import InputError
from syndr.threads import default_threads

# Pillow keeps the interpreter's lock while OpenJPEG works; it is OpenJPEG that spreads one picture over threads.
os.environ.setdefault("OPJ_NUM_THREADS", str(default_threads()))

Picture = npt.NDArray[np.uint8]

#: Wavelet decompositions plus one; the real KADID-10k sample was made with four decompositions.
_RESOLUTIONS = 5


def jpeg2000(images: Tensor, ratio: float) -> Tensor:
    """Compress with JPEG 2000 and decode again (SPEC section 4, type 9).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1], RGB; float64 for 8-bit decisions as the specification has
            them; not modified.
        ratio: Compression ratio: the target is 3 H W / ratio bytes.

    Returns:
        Tensor of the same shape and dtype, multiples of 1/255.

    Raises:
        InputError: When a side is too short for four wavelet decompositions.
    """
    shortest = 2 ** (_RESOLUTIONS - 1)
    if min(images.shape[-2:]) < shortest:
        raise InputError(
            f"JPEG 2000: {_RESOLUTIONS - 1} wavelet decompositions need {shortest} pixels on each side; "
            f"the images are {images.shape[-2]} x {images.shape[-1]}"
        )
    return _through(images, lambda picture: encode_jpeg2000(picture, ratio))


def jpeg(images: Tensor, quality: int) -> Tensor:
    """Compress with JPEG and decode again (SPEC section 4, type 10).

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1], RGB; float64 for 8-bit decisions as the specification has
            them; not modified.
        quality: The Independent JPEG Group's quality, 1..100.

    Returns:
        Tensor of the same shape and dtype, multiples of 1/255.
    """
    codec = jpeg_codec(images.device)
    if codec is None:
        return _through(images, lambda picture: encode_jpeg(picture, quality))
    return _as_images(codec(round_to_8bit(images).permute(0, 2, 3, 1), quality), images)


def encode_jpeg2000(picture: Picture, ratio: float) -> bytes:
    """Encode (H, W, 3) as JP2: irreversible 9/7 wavelet, component transform, one tile, one layer, LRCP."""
    file = io.BytesIO()
    Image.fromarray(picture).save(
        file,
        "JPEG2000",
        quality_mode="rates",
        quality_layers=[ratio],
        num_resolutions=_RESOLUTIONS,
        codeblock_size=(64, 64),
        progression="LRCP",
        irreversible=True,
        mct=1,
    )
    return file.getvalue()


def encode_jpeg(picture: Picture, quality: int) -> bytes:
    """Encode (H, W, 3) as baseline JPEG with chroma subsampled 4:2:0."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return file.getvalue()


def _through(images: Tensor, encode: Callable[[Picture], bytes]) -> Tensor:
    """Send each image through a codec and back."""
    pictures = round_to_8bit(images).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    decoded = np.empty_like(pictures)

    def round_trip(row: int) -> None:
        with Image.open(io.BytesIO(encode(pictures[row]))) as picture:
            decoded[row] = picture.convert("RGB")

    each(round_trip, range(len(pictures)))
    return _as_images(torch.from_numpy(decoded).to(images.device), images)


def _as_images(pictures: Tensor, like: Tensor) -> Tensor:
    """Give (B, H, W, 3), uint8, as (B, 3, H, W) of the dtype of these images, in multiples of 1/255."""
    levels = pictures.permute(0, 3, 1, 2).to(like.dtype)
    # The divisor is a tensor as CUDA multiplies by the reciprocal of a plain number, which moves ties.
    return levels.div_(like.new_tensor(255))
