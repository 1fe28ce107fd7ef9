"""The Triton kernels on a GPU: what they take over from the torch definitions, which stay the reference.

One kernel stands for up to some hundred operations of torch, whose launches would take far longer than their work. The
environment variable ``SYNDR_DISTORT=torch`` leaves everything to torch; ``SYNDR_DISTORT=triton`` takes the kernels on
the CPU as well, for Triton's interpreter.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from syndr.distort.parameters import constant
from syndr.images.devices import send

_PIXELS = 512  # of a program

Taps = np.ndarray[Any, Any]


def runs_on(device: torch.device) -> bool:
    """Tell whether the kernels work there: on a GPU where Triton is installed, unless they are switched off."""
    choice = os.environ.get("SYNDR_DISTORT")
    return choice == "triton" or (device.type == "cuda" and choice != "torch" and _installed())


def takes(images: Tensor) -> bool:
    """Tell whether the kernels take these images: float32 or float64 on such a device, and no gradient is wanted."""
    wants_gradient = images.requires_grad and torch.is_grad_enabled()
    return images.dtype in (torch.float32, torch.float64) and not wants_gradient and runs_on(images.device)


def draw(seeds: Tensor, levels: Tensor, counter: tuple[int, int], count: int, dtype: torch.dtype) -> Tensor:
    """Give ``count`` numbers for each seed and level, the counter being (draw, type).

    Args:
        seeds: (B,) int64.
        levels: (B,) int64.
        counter: Number of the draw, and KADID type.
        count: How many numbers.
        dtype: int64 for random words, float64 for uniform numbers, float32 for standard normal ones.

    Returns:
        (B, count) of that dtype.
    """
    from syndr.distort.triton_kernels import draw_kernel

    out = torch.empty((len(seeds), count), dtype=dtype, device=seeds.device)
    block = 256
    with torch.cuda.device_of(out):  # type: ignore[no-untyped-call]
        draw_kernel[(len(seeds), -(-count // (4 * block)))](
            seeds, levels, out, count, *counter, NORMAL=dtype == torch.float32, WORDS=dtype == torch.int64, BLOCK=block
        )
    return out


@dataclass(frozen=True)
class Kernels:
    """What images are correlated with, on a device.

    Attributes:
        taps: (all taps, 3) float64: how far down and right, and the weight.
        starts: (kernels + 1,) int32: where the taps of each kernel begin, and where the last one's end.
    """

    taps: Tensor
    starts: Tensor

    @classmethod
    def of(cls, taps: Sequence[Taps], device: torch.device) -> Kernels:
        """Take (taps, 3) of each kernel."""
        starts = np.cumsum([0, *map(len, taps)], dtype=np.int32)
        return cls(on_device(np.concatenate(taps), device), on_device(starts, device))

    def to(self, device: torch.device) -> Kernels:
        """Copy them to a device, where they are when this returns."""
        return Kernels(self.taps.to(device), self.starts.to(device))


def correlate(images: Tensor, kernels: Kernels, which: Tensor) -> Tensor:
    """Correlate each image's planes with its own kernel, replicating the border.

    Args:
        images: (B, C, H, W), or (B, H, W).
        kernels: All there are.
        which: (B,) int64, the number of each image's kernel.
    """
    from syndr.distort.triton_kernels import correlate_kernel

    height, width = images.shape[-2:]
    images = images.contiguous()
    result = torch.empty_like(images)
    channels = images[0].numel() // (height * width)
    grid = (len(images) * channels, -(-height * width // _PIXELS))  # the second may not exceed 65,535
    with torch.cuda.device_of(images):  # type: ignore[no-untyped-call]
        correlate_kernel[grid](
            images, result, kernels.taps, kernels.starts, which, channels, height, width, BLOCK=_PIXELS
        )
    return result


def warp(images: Tensor, shifts: Tensor, reach: Tensor) -> Tensor:
    """Warp images (B, 3, H, W) pass after pass, as ``warp.jitter`` does.

    Args:
        images: Float images.
        shifts: (B, passes, 2, H, W) of the same dtype: for each pass the displacement down and to the right.
        reach: (B, passes, 2) int32: the largest of each, rounded up.
    """
    from syndr.distort.triton_kernels import warp_kernel

    count, _, height, width = images.shape
    grid = (count, -(-height * width // _PIXELS))
    images, shifts, reach = images.contiguous(), shifts.contiguous(), reach.contiguous()
    for step in range(shifts.shape[1]):
        result = torch.empty_like(images)
        with torch.cuda.device_of(images):  # type: ignore[no-untyped-call]
            warp_kernel[grid](images, result, shifts, reach, step, shifts.shape[1], height, width, BLOCK=_PIXELS)
        images = result
    return images


def move_patches(images: Tensor, corners: Tensor, counts: Tensor, side: int) -> Tensor:
    """Copy square patches of images (B, C, H, W) one after another.

    Args:
        images: Of any dtype.
        corners: (B, most, 4) int32: column and row of a patch, and where it goes.
        counts: (B,) int32, how many patches of each image count.
        side: Of a patch.
    """
    from syndr.distort.triton_kernels import patch_kernel

    count, channels, height, width = images.shape
    images = images.contiguous()
    result = torch.empty_like(images)
    grid = (count, -(-height * width // _PIXELS))
    with torch.cuda.device_of(images):  # type: ignore[no-untyped-call]
        patch_kernel[grid](
            images, result, corners.contiguous(), counts, corners.shape[1], channels, height, width, SIDE=side,
            BLOCK=_PIXELS,
        )  # fmt: skip
    return result


def paint_blocks(images: Tensor, corners: Tensor, colors: Tensor, counts: Tensor, side: int) -> Tensor:
    """Paint squares over images (B, 3, H, W), one after another.

    Args:
        images: Float images.
        corners: (B, most, 2) int32: column and row of each.
        colors: (B, most, 3) of the images' dtype.
        counts: (B,) int32, how many squares of each image count.
        side: Of a square.
    """
    from syndr.distort.triton_kernels import block_kernel

    height, width = images.shape[-2:]
    result = images.clone(memory_format=torch.contiguous_format)
    grid = (len(images), -(-height * width // _PIXELS))
    with torch.cuda.device_of(images):  # type: ignore[no-untyped-call]
        block_kernel[grid](
            result, corners.contiguous(), colors.contiguous(), counts, corners.shape[1], height, width, SIDE=side,
            BLOCK=_PIXELS,
        )  # fmt: skip
    return result


def rgb_to_lab(images: Tensor, matrix: Sequence[Sequence[float]]) -> Tensor:
    """Do ``colorspace.rgb_to_lab`` in float64 inside, given the matrix from linear RGB to XYZ relative to white."""
    return _lab(images, matrix, forward=True)


def lab_to_rgb(lab: Tensor, matrix: Sequence[Sequence[float]]) -> Tensor:
    """Do ``colorspace.lab_to_rgb`` in float64 inside, given the matrix from XYZ relative to white to linear RGB."""
    return _lab(lab, matrix, forward=False)


def _lab(colors: Tensor, matrix: Sequence[Sequence[float]], forward: bool) -> Tensor:
    from syndr.distort.triton_kernels import lab_kernel

    colors = colors.contiguous()
    size = colors.shape[-2] * colors.shape[-1]
    result = torch.empty_like(colors)
    numbers = constant(tuple(number for row in matrix for number in row), torch.float64, colors.device)
    with torch.cuda.device_of(colors):  # type: ignore[no-untyped-call]
        lab_kernel[(colors.numel() // (3 * size), -(-size // _PIXELS))](
            colors, result, numbers, size, FORWARD=forward, BLOCK=_PIXELS
        )
    return result


def on_device(array: np.ndarray[Any, Any], device: torch.device) -> Tensor:
    """Copy an array to a device, without waiting for the work there."""
    return send(torch.from_numpy(np.ascontiguousarray(array)), device)


@cache
def _installed() -> bool:
    return find_spec("triton") is not None
