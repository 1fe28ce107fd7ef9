"""What each KADID distortion is: number, name, family, levels, and the function that makes it (SPEC section 4)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from syndr.distort.blur import draw_angles, gaussian_blur, lens_blur, motion_blur
from syndr.distort.color import (
    color_diffusion,
    color_saturation_hsv,
    color_saturation_lab,
    color_shift,
    draw_direction,
)
from syndr.distort.compression import jpeg, jpeg2000
from syndr.distort.denoising import denoise
from syndr.distort.noise import (
    draw_normal,
    draw_uniform,
    impulse_noise,
    multiplicative_noise,
    white_noise,
    ycbcr_noise,
)
from syndr.distort.quantizers import color_quantization, quantization
from syndr.distort.random import Stream
from syndr.distort.sharpen import high_sharpen
from syndr.distort.spatial import color_block, draw_blocks, draw_patches, non_eccentricity_patch, pixelate
from syndr.distort.tone import brighten, contrast_change, darken, mean_shift
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
        precision: The least precision its images need: float64 where the type takes 8-bit decisions, keeps
            8-bit values, whose ties at the last rounding float32 would move, or magnifies float32's rounding.
        mixes: Whether the function takes one parameter for each image as well.
    """

    number: int
    name: str
    family: str
    levels: tuple[float, float, float, float, float]
    function: Callable[..., Tensor]
    draw: Callable[[Stream, int, int], Tensor] | None = None
    precision: torch.dtype = torch.float32
    mixes: bool = True

    @property
    def parameter(self) -> str:
        """What the parameter is called: "sigma", "quality", ..."""
        return list(inspect.signature(self.function).parameters)[1]

    @property
    def stochastic(self) -> bool:
        """Whether the result depends on the sample's seed."""
        return self.draw is not None


_F64 = torch.float64

#: Every distortion by its KADID number.
TYPES: dict[int, Distortion] = {
    entry.number: entry
    for entry in (
        Distortion(1, "Gaussian blur", "blur", (0.1, 0.5, 1, 2, 5), gaussian_blur, None, _F64),
        Distortion(2, "Lens blur", "blur", (1, 2, 4, 6, 8), lens_blur),
        Distortion(3, "Motion blur", "blur", (1, 2, 4, 6, 10), motion_blur, draw_angles, _F64),
        Distortion(4, "Color diffusion", "color", (1, 3, 6, 8, 12), color_diffusion),
        Distortion(5, "Color shift", "color", (1, 3, 6, 8, 12), color_shift, draw_direction, _F64),
        Distortion(
            6, "Color quantization", "quantizers", (64, 48, 32, 16, 8), color_quantization, None, _F64, mixes=False
        ),
        Distortion(7, "Color saturation 1", "color", (0.4, 0.2, 0.1, 0, -0.4), color_saturation_hsv, None, _F64),
        Distortion(8, "Color saturation 2", "color", (1, 2, 3, 6, 9), color_saturation_lab, None, _F64),
        Distortion(9, "JPEG2000", "compression", (16, 32, 45, 120, 400), jpeg2000, None, _F64, mixes=False),
        Distortion(10, "JPEG", "compression", (43, 36, 24, 7, 4), jpeg, None, _F64, mixes=False),
        Distortion(11, "White noise", "noise", (0.001, 0.002, 0.003, 0.005, 0.01), white_noise, draw_normal),
        Distortion(
            12, "White noise in color component", "noise", (1e-4, 5e-4, 1e-3, 2e-3, 3e-3), ycbcr_noise, draw_normal
        ),
        Distortion(13, "Impulse noise", "noise", (0.001, 0.005, 0.01, 0.02, 0.03), impulse_noise, draw_uniform, _F64),
        Distortion(
            14, "Multiplicative noise", "noise", (0.001, 0.005, 0.01, 0.02, 0.05), multiplicative_noise, draw_uniform
        ),
        Distortion(15, "Denoise", "denoising", (0.01, 0.03, 0.05, 0.1, 0.15), denoise, draw_normal, mixes=False),
        Distortion(16, "Brighten", "tone", (0.1, 0.2, 0.4, 0.7, 1.1), brighten),
        Distortion(17, "Darken", "tone", (0.05, 0.1, 0.2, 0.4, 0.8), darken),
        Distortion(18, "Mean shift", "tone", (0.15, 0.08, 0, -0.08, -0.15), mean_shift, None, _F64),
        Distortion(19, "Jitter", "warp", (0.05, 0.1, 0.2, 0.5, 1), jitter, draw_displacements),
        Distortion(
            20, "Non-eccentricity patch", "spatial", (20, 40, 60, 80, 100), non_eccentricity_patch, draw_patches, _F64
        ),
        Distortion(21, "Pixelate", "spatial", (0.01, 0.05, 0.1, 0.2, 0.5), pixelate, None, _F64),
        Distortion(22, "Quantization", "quantizers", (20, 16, 13, 10, 7), quantization, None, _F64, mixes=False),
        Distortion(23, "Color block", "spatial", (2, 4, 6, 8, 10), color_block, draw_blocks, _F64),
        Distortion(24, "High sharpen", "sharpen", (1, 2, 3, 6, 12), high_sharpen),
        Distortion(25, "Contrast change", "tone", (0.3, 0.15, 0, -0.4, -0.6), contrast_change),
    )
}
