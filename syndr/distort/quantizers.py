"""Quantization: to few colours (type 6), and to few grey levels (type 22). Both are decided on 8-bit values."""

from __future__ import annotations

import torch
from torch import Tensor

from syndr import _native
from syndr.distort import workers
from syndr.distort.stretch import round_to_8bit


def color_quantization(images: Tensor, colors: int) -> Tensor:
    """Quantize to few colours and dither (SPEC section 4, type 6).

    Wu's quantizer (Graphics Gems II, 1991) chooses the colours; the errors are diffused by Floyd and Steinberg's
    weights down the columns, in MATLAB's memory order. That has no tensor form, and is computed on the CPU.

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1]; float64 for 8-bit decisions as the specification has them;
            not modified.
        colors: The most colours an image may keep, 1..256.

    Returns:
        Tensor of the same shape and dtype, multiples of 1/255.
    """
    pictures = round_to_8bit(images).contiguous().cpu().numpy()
    quantized = torch.from_numpy(_native.quantize_colors(pictures, colors, workers.threads()))
    # The divisor is a tensor as CUDA multiplies by the reciprocal of a plain number, which moves ties.
    return quantized.to(images).div_(images.new_tensor(255))


def quantization(images: Tensor, count: int) -> Tensor:
    """Cut the scale at thresholds common to all channels (SPEC section 4, type 22).

    What lies between two thresholds becomes the upper one, what lies below the first 0, above the last 1. The
    thresholds are those of MATLAB's multithresh: Otsu's, but where a simplex search for them stops.

    Args:
        images: Float tensor (B, C, H, W) in [0, 1]; float64 for 8-bit decisions as the specification has them;
            not modified.
        count: Number of thresholds, 1..254.

    Returns:
        Tensor of the same shape and dtype.
    """
    levels = round_to_8bit(images).flatten(1)
    histograms = torch.stack([torch.bincount(image, minlength=256) for image in levels])
    found = torch.from_numpy(_native.otsu_thresholds(histograms.cpu().numpy(), count)).to(images)
    gray = torch.arange(256, device=images.device).to(images).expand(len(images), -1) / images.new_tensor(255)
    thresholds = found / images.new_tensor(255)
    ends = thresholds.new_tensor([[0, 1]]).expand(len(images), -1)
    values = torch.cat((ends[:, :1], thresholds[:, 1:], ends[:, 1:]), dim=1)
    # Looked up by the nearest of the 256 grey levels; only where that is a threshold, it matters who lies above it.
    at = values.gather(1, torch.searchsorted(thresholds, gray))
    above = values.gather(1, torch.searchsorted(thresholds, gray, right=True))
    nearest = levels.long()
    result = torch.where(images.flatten(1) > gray.gather(1, nearest), above.gather(1, nearest), at.gather(1, nearest))
    return result.view(images.shape)
