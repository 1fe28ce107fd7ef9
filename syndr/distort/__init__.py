"""KADID-10k's distortions on batched tensors: one call makes a mixed batch from (image, type, level, seed).

``distort`` is the whole pipeline; ``apply`` is the same for one type and level with the random draws given;
``draw`` makes these draws; ``TYPES`` lists what is there. The functions of the single types work on images
already stretched to [0, 1] and know nothing of seeds.
"""

from syndr.distort.batch import apply, distort, draw
from syndr.distort.blur import gaussian_blur, motion_blur
from syndr.distort.compression import jpeg, jpeg2000
from syndr.distort.noise import white_noise
from syndr.distort.registry import TYPES, Distortion
from syndr.distort.spatial import pixelate
from syndr.distort.tone import contrast_change, mean_shift

__all__ = [
    "TYPES",
    "Distortion",
    "apply",
    "contrast_change",
    "distort",
    "draw",
    "gaussian_blur",
    "jpeg",
    "jpeg2000",
    "mean_shift",
    "motion_blur",
    "pixelate",
    "white_noise",
]
