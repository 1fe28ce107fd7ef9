"""What each KADID distortion is: number, name, family, levels, and the function that makes it (SPEC section 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from syndr.distort.blur import draw_angles, gaussian_blur, lens_blur, motion_blur
from syndr.distort.compression import jpeg, jpeg2000
from syndr.distort.noise import draw_normal, white_noise
from syndr.distort.quantizers import color_quantization, quantization
from syndr.distort.random import Stream
from syndr.distort.spatial import color_block, draw_blocks, draw_patches, non_eccentricity_patch, pixelate
from syndr.distort.tone import contrast_change, mean_shift
from syndr.distort.warp import draw_displacements, jitter


@dataclass(frozen=True)
class Distortion:
    """One distortion type.

    Attributes:
        number: KADID's number, 1..25.
        name: KADID's name.
        family: The module of this package that holds it.
        levels: The parameter at levels 1..5; not in the order of severity for every type.
        function: ``function(images, parameter)``, or ``function(images, parameter, draws)`` when stochastic,
            on images stretched to [0, 1].
        draw: Makes the draws, ``draw(stream, height, width)``; None when deterministic.
        precision: The least precision its images need: float64 where the type takes 8-bit decisions.
        threaded: It works on several images of a batch at once by itself.
    """

    number: int
    name: str
    family: str
    levels: tuple[float, float, float, float, float]
    function: Callable[..., Tensor]
    draw: Callable[[Stream, int, int], Tensor] | None = None
    precision: torch.dtype = torch.float32
    threaded: bool = False

    @property
    def stochastic(self) -> bool:
        """Whether the result depends on the sample's seed."""
        return self.draw is not None


_F64 = torch.float64

#: Every distortion by its KADID number.
TYPES: dict[int, Distortion] = {
    entry.number: entry
    for entry in (
        Distortion(1, "Gaussian blur", "blur", (0.1, 0.5, 1, 2, 5), gaussian_blur),
        Distortion(2, "Lens blur", "blur", (1, 2, 4, 6, 8), lens_blur),
        Distortion(3, "Motion blur", "blur", (1, 2, 4, 6, 10), motion_blur, draw_angles),
        Distortion(
            6, "Color quantization", "quantizers", (64, 48, 32, 16, 8), color_quantization, None, _F64, threaded=True
        ),
        Distortion(9, "JPEG2000", "compression", (16, 32, 45, 120, 400), jpeg2000, None, _F64, threaded=True),
        Distortion(10, "JPEG", "compression", (43, 36, 24, 7, 4), jpeg, None, _F64, threaded=True),
        Distortion(11, "White noise", "noise", (0.001, 0.002, 0.003, 0.005, 0.01), white_noise, draw_normal),
        Distortion(18, "Mean shift", "tone", (0.15, 0.08, 0, -0.08, -0.15), mean_shift),
        Distortion(19, "Jitter", "warp", (0.05, 0.1, 0.2, 0.5, 1), jitter, draw_displacements),
        Distortion(
            20, "Non-eccentricity patch", "spatial", (20, 40, 60, 80, 100), non_eccentricity_patch, draw_patches
        ),
        Distortion(21, "Pixelate", "spatial", (0.01, 0.05, 0.1, 0.2, 0.5), pixelate, None, _F64),
        Distortion(22, "Quantization", "quantizers", (20, 16, 13, 10, 7), quantization, None, _F64),
        Distortion(23, "Color block", "spatial", (2, 4, 6, 8, 10), color_block, draw_blocks),
        Distortion(25, "Contrast change", "tone", (0.3, 0.15, 0, -0.4, -0.6), contrast_change),
    )
}
