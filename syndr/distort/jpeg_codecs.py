"""Which codec makes JPEG (type 10): the CPU's, or by choice one on the GPU.

libjpeg on the CPU is the default everywhere, so that CUDA and the CPU make the same pictures. A codec on the GPU saves
the way there and back, but rounds its transform and upsamples chroma otherwise: its pictures are near, not equal.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from syndr.errors import ImageError, require


class JpegCodec(Protocol):
    """Compresses pictures with JPEG and decodes them again."""

    def __call__(self, pictures: Tensor, quality: int) -> Tensor:
        """Give (B, H, W, 3), uint8, RGB, as they come back from JPEG files of this quality, on their device."""


_chosen: dict[str, JpegCodec] = {}


def set_jpeg_codec(codec: JpegCodec | None, device: str = "cuda") -> None:
    """Choose the codec of type 10 for images on a kind of device, in this process.

    The pixels of type 10 there depend on it as well as on the sample.

    Args:
        codec: Such as ``NvImageCodec()``; None for libjpeg on the CPU, the default.
        device: Kind of the images' device.
    """
    if codec is None:
        _chosen.pop(device, None)
    else:
        _chosen[device] = codec


def jpeg_codec(device: torch.device) -> JpegCodec | None:
    """Give the codec chosen for images on this device, or None for libjpeg on the CPU."""
    return _chosen.get(device.type)


class NvImageCodec:
    """nvJPEG through NVIDIA's nvImageCodec: IJG quality, chroma subsampled 4:2:0 and interpolated, as libjpeg has it.

    torchvision.io also reaches nvJPEG, but writes 4:4:4 and repeats chroma where it decodes 4:2:0.

    Args:
        library: The module ``nvidia.nvimgcodec``; imported when it is not given.

    Raises:
        MissingExtraError: When nvImageCodec is not installed.
    """

    def __init__(self, library: ModuleType | None = None) -> None:
        self._library: Any = library or require("nvidia.nvimgcodec", "nvimgcodec")
        self._coders: dict[int, tuple[Any, Any]] = {}

    def __call__(self, pictures: Tensor, quality: int) -> Tensor:
        """Compress and decode (B, H, W, 3), uint8, on one GPU.

        Raises:
            ImageError: When nvImageCodec refuses a picture.
        """
        library, stream = self._library, torch.cuda.current_stream(pictures.device).cuda_stream
        encoder, decoder = self._coders_on(pictures.device.index)
        params = library.EncodeParams(
            quality_type=library.QualityType.QUALITY,
            quality_value=quality,
            chroma_subsampling=library.ChromaSubsampling.CSS_420,
        )
        given = library.as_images(list(pictures.contiguous()), cuda_stream=stream)
        files = _all_of("encode", encoder.encode(given, "jpeg", params=params, cuda_stream=stream))
        decoded = _all_of("decode", decoder.decode(files, cuda_stream=stream))
        return torch.stack([from_dlpack(picture) for picture in decoded])

    def _coders_on(self, device: int) -> tuple[Any, Any]:
        if device not in self._coders:
            decoder = self._library.Decoder(device_id=device, options=":fancy_upsampling=1")
            self._coders[device] = self._library.Encoder(device_id=device), decoder
        return self._coders[device]


def _all_of(what: str, results: list[Any]) -> list[Any]:
    """Give the results back, or refuse them: nvImageCodec says None where something went wrong."""
    if None in results:
        raise ImageError(
            f"nvImageCodec could not {what} picture {results.index(None)} of {len(results)} as JPEG; its own message "
            "is on stderr; set_jpeg_codec(None) goes back to the CPU"
        )
    return results
