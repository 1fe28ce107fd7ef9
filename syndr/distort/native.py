"""The fused CPU kernels (csrc/distort/): what they take over from the torch definitions, which stay the reference.

They compute the same in another order of operations: colours in float64 inside, blurs in the images' own precision,
the stretch and random words bit for bit. The environment variable ``SYNDR_DISTORT=torch`` leaves everything to
torch, so that tests and benchmarks can compare the two.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from syndr import _native
from syndr.distort import workers


def runs_on(device: torch.device) -> bool:
    """Tell whether the kernels work there: on the CPU, unless they are switched off."""
    return device.type == "cpu" and os.environ.get("SYNDR_DISTORT") not in ("torch", "triton")


def takes(images: Tensor) -> bool:
    """Tell whether the kernels take these images: float32 or float64 on the CPU, of which no gradient is wanted."""
    wants_gradient = images.requires_grad and torch.is_grad_enabled()
    return runs_on(images.device) and images.dtype in (torch.float32, torch.float64) and not wants_gradient


def takes_pictures(images: Tensor) -> bool:
    """Tell whether the kernels stretch these images: as ``takes``, or uint8."""
    return takes(images) or (runs_on(images.device) and images.dtype == torch.uint8)


def extremes(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Give each image's minimum and maximum (float64; NaN where it holds one) and whether all its values are 8-bit.

    The three have the shape (B, 1, 1, 1).
    """
    rows = images.detach().contiguous().view(len(images), -1)
    found = _native.extremes(rows.numpy(), workers.threads())
    low, high, eight_bit = (torch.from_numpy(array).view(-1, 1, 1, 1) for array in found)
    return low, high, eight_bit


def stretch(images: Tensor, low: Tensor, high: Tensor, eight_bit: Tensor, dtype: torch.dtype) -> Tensor:
    """Send each image's values from low..high to [0, 1], in ``dtype``: float32 or float64.

    Of an 8-bit image, low and high are levels 0..255, and so is what its values are rounded to first.
    """
    rows = images.detach().contiguous().view(len(images), -1)
    convert = _native.stretch_to_f32 if dtype == torch.float32 else _native.stretch_to_f64
    lows, highs, flags = (value.flatten().numpy() for value in (low, high, eight_bit))
    return _as(images, convert(rows.numpy(), lows, highs, flags, workers.threads()))


def settles_into(images: Tensor, out: Tensor) -> bool:
    """Tell whether the kernels write these images, stretched, into a tensor of this dtype and layout."""
    known = out.dtype in (torch.uint8, torch.float32, torch.float64)
    return takes(images) and known and out.is_contiguous()


def settle_into(images: Tensor, out: Tensor) -> None:
    """Write what ``stretch.stretch_output`` gives into ``out``, rounded to 8 bits where that is uint8."""
    rows = images.detach().contiguous().view(len(images), -1)
    _native.settle_into(rows.numpy(), out.view(len(out), -1).numpy(), workers.threads())


def rgb_to_lab(images: Tensor, matrix: Sequence[Sequence[float]]) -> Tensor:
    """Do ``colorspace.rgb_to_lab``, given the matrix from linear RGB to XYZ relative to white."""
    return _as(images, _native.rgb_to_lab(_array(images), np.array(matrix), workers.threads()))


def lab_to_rgb(lab: Tensor, matrix: Sequence[Sequence[float]]) -> Tensor:
    """Do ``colorspace.lab_to_rgb``, given the matrix from XYZ relative to white to linear RGB."""
    return _as(lab, _native.lab_to_rgb(_array(lab), np.array(matrix), workers.threads()))


def blur(images: Tensor, taps: Tensor) -> Tensor:
    """Correlate along rows and columns with the same float64 taps, odd in number, replicating the border."""
    planes = images.detach().contiguous().view(-1, *images.shape[-2:])
    return _as(images, _native.blur(planes.numpy(), taps.numpy(), workers.threads()))


def correlate(images: Tensor, kernel: Tensor) -> Tensor:
    """Correlate each channel with a float64 kernel of odd sides, replicating the border."""
    planes = images.detach().contiguous().view(-1, *images.shape[-2:])
    return _as(images, _native.correlate(planes.numpy(), kernel.contiguous().numpy(), workers.threads()))


def jitter(images: Tensor, sigmas: Sequence[float], normal: Tensor) -> Tensor:
    """Warp images (B, 3, H, W) by displacements (B, passes, 2, H, W) and one sigma each, as ``warp.jitter`` does."""
    fields = normal.to(images.dtype).contiguous().flatten(1, 2).numpy()
    each = zip(images.detach().contiguous().numpy(), fields, sigmas, strict=True)
    warped = [torch.from_numpy(_native.jitter(*one, workers.threads())) for one in each]
    return torch.stack(warped)


def draw_uniform(seeds: Tensor, counter: tuple[int, int, int], count: int) -> Tensor:
    """Give ``count`` uniform numbers for each seed: float64 (B, count). The counter is (draw, type, level)."""
    return torch.from_numpy(_native.draw_uniform(seeds.contiguous().numpy(), counter, count, workers.threads()))


def draw_normal(seeds: Tensor, counter: tuple[int, int, int], count: int) -> Tensor:
    """Give ``count`` standard normal numbers for each seed: float32 (B, count). The counter is (draw, type, level)."""
    return torch.from_numpy(_native.draw_normal(seeds.contiguous().numpy(), counter, count, workers.threads()))


def _array(colors: Tensor) -> np.ndarray[Any, Any]:
    return colors.detach().contiguous().view(-1, 3, colors.shape[-2] * colors.shape[-1]).numpy()


def _as(images: Tensor, result: np.ndarray[Any, Any]) -> Tensor:
    return torch.from_numpy(result).view(images.shape)
