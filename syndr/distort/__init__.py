"""KADID-10k's distortions on batched tensors: one call makes a mixed batch from (image, type, level, seed).

``distort`` is the whole pipeline; ``apply`` is the same for one type and level with the random draws given;
``draw`` makes these draws; ``TYPES`` lists what is there. The functions of the single types work on images
already stretched to [0, 1] and know nothing of seeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndr.lazy import lazy_exports

if TYPE_CHECKING:
    from syndr.distort.batch import apply, distort, draw
    from syndr.distort.blur import gaussian_blur, lens_blur, motion_blur
    from syndr.distort.compression import jpeg, jpeg2000
    from syndr.distort.noise import white_noise
    from syndr.distort.quantizers import color_quantization, quantization
    from syndr.distort.registry import TYPES, Distortion
    from syndr.distort.spatial import color_block, non_eccentricity_patch, pixelate
    from syndr.distort.tone import contrast_change, mean_shift
    from syndr.distort.warp import jitter

__all__ = [
    "TYPES",
    "Distortion",
    "apply",
    "color_block",
    "color_quantization",
    "contrast_change",
    "distort",
    "draw",
    "gaussian_blur",
    "jitter",
    "jpeg",
    "jpeg2000",
    "lens_blur",
    "mean_shift",
    "motion_blur",
    "non_eccentricity_patch",
    "pixelate",
    "quantization",
    "white_noise",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "Distortion": "registry",
        "TYPES": "registry",
        "apply": "batch",
        "color_block": "spatial",
        "color_quantization": "quantizers",
        "contrast_change": "tone",
        "distort": "batch",
        "draw": "batch",
        "gaussian_blur": "blur",
        "jitter": "warp",
        "jpeg": "compression",
        "jpeg2000": "compression",
        "lens_blur": "blur",
        "mean_shift": "tone",
        "motion_blur": "blur",
        "non_eccentricity_patch": "spatial",
        "pixelate": "spatial",
        "quantization": "quantizers",
        "white_noise": "noise",
    },
    needs=("torch", "PIL"),
    extra="torch",
)
