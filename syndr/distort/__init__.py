"""KADID-10k's distortions on batched tensors: one call makes a mixed batch from (image, type, level, seed).

``distort`` is the whole pipeline; ``apply`` is the same for one type and level with the random draws given;
``draw`` makes these draws; ``TYPES`` lists what is there. The functions of the single types work on images
already stretched to [0, 1] and know nothing of seeds. ``Distort`` and ``syndr.distort.modules`` wrap them in
``torch.nn`` modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndr.lazy import lazy_exports

if TYPE_CHECKING:
    from syndr.distort.batch import apply, distort, draw
    from syndr.distort.blur import gaussian_blur, lens_blur, motion_blur
    from syndr.distort.color import color_diffusion, color_saturation_hsv, color_saturation_lab, color_shift
    from syndr.distort.compression import jpeg, jpeg2000
    from syndr.distort.denoising import denoise, dncnn_id, dncnn_weights, set_dncnn_weights
    from syndr.distort.dncnn import DnCNN, load_dncnn
    from syndr.distort.jpeg_codecs import JpegCodec, NvImageCodec, set_jpeg_codec
    from syndr.distort.modules import Distort
    from syndr.distort.noise import impulse_noise, multiplicative_noise, white_noise, ycbcr_noise
    from syndr.distort.quantizers import color_quantization, quantization
    from syndr.distort.registry import TYPES, Distortion
    from syndr.distort.sharpen import high_sharpen
    from syndr.distort.spatial import color_block, non_eccentricity_patch, pixelate
    from syndr.distort.tone import brighten, contrast_change, darken, mean_shift
    from syndr.distort.warp import jitter

__all__ = [
    "TYPES",
    "Distort",
    "Distortion",
    "DnCNN",
    "JpegCodec",
    "NvImageCodec",
    "apply",
    "brighten",
    "color_block",
    "color_diffusion",
    "color_quantization",
    "color_saturation_hsv",
    "color_saturation_lab",
    "color_shift",
    "contrast_change",
    "darken",
    "denoise",
    "distort",
    "dncnn_id",
    "dncnn_weights",
    "draw",
    "gaussian_blur",
    "high_sharpen",
    "impulse_noise",
    "jitter",
    "jpeg",
    "jpeg2000",
    "lens_blur",
    "load_dncnn",
    "mean_shift",
    "motion_blur",
    "multiplicative_noise",
    "non_eccentricity_patch",
    "pixelate",
    "quantization",
    "set_dncnn_weights",
    "set_jpeg_codec",
    "white_noise",
    "ycbcr_noise",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "Distort": "modules",
        "Distortion": "registry",
        "DnCNN": "dncnn",
        "JpegCodec": "jpeg_codecs",
        "NvImageCodec": "jpeg_codecs",
        "TYPES": "registry",
        "apply": "batch",
        "brighten": "tone",
        "color_block": "spatial",
        "color_diffusion": "color",
        "color_quantization": "quantizers",
        "color_saturation_hsv": "color",
        "color_saturation_lab": "color",
        "color_shift": "color",
        "contrast_change": "tone",
        "darken": "tone",
        "denoise": "denoising",
        "dncnn_id": "denoising",
        "dncnn_weights": "denoising",
        "distort": "batch",
        "draw": "batch",
        "gaussian_blur": "blur",
        "high_sharpen": "sharpen",
        "impulse_noise": "noise",
        "jitter": "warp",
        "jpeg": "compression",
        "jpeg2000": "compression",
        "lens_blur": "blur",
        "load_dncnn": "dncnn",
        "mean_shift": "tone",
        "motion_blur": "blur",
        "multiplicative_noise": "noise",
        "non_eccentricity_patch": "spatial",
        "pixelate": "spatial",
        "quantization": "quantizers",
        "set_dncnn_weights": "denoising",
        "set_jpeg_codec": "jpeg_codecs",
        "white_noise": "noise",
        "ycbcr_noise": "noise",
    },
    needs=("torch", "PIL", "safetensors"),
    extra="torch",
)
