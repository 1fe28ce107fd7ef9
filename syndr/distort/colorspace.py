"""Colour spaces with MATLAB's constants (SPEC section 3): CIE Lab, its grey, and video-range YCbCr.

kornia's conversions use other white points and matrices and clamp on the way, which colours far outside the gamut
(Lab chroma times 12) do not survive. All functions take float tensors (..., 3, H, W) and give new ones of the same
shape and dtype.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from syndr.distort import fused, native
from syndr.distort.parameters import constant

Matrix = tuple[tuple[float, float, float], ...]

# Linear sRGB to XYZ relative to the white (0.95047, 1, 1.08883): from the primaries R (.64, .33), G (.30, .60),
# B (.15, .06), so that neutrals have a = b = 0 to 1e-14.
_WHITE = np.array([0.95047, 1, 1.08883])
_RGB_TO_XYZ = np.array(
    [
        [0.41245643908969215, 0.35757607764390892, 0.18043748326639891],
        [0.21267285140562250, 0.71515215528781784, 0.07217499330655956],
        [0.01933389558232930, 0.11919202588130294, 0.95030407853636767],
    ]
)
_GREY = (0.29893602129377550, 0.58704307445112125, 0.11402090425510331)
_RGB_TO_YCBCR = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112], [112, -93.786, -18.214]]) / 255
_YCBCR_OFFSET = (16 / 255, 128 / 255, 128 / 255)


def _rows(matrix: npt.NDArray[np.floating]) -> Matrix:
    return tuple((float(a), float(b), float(c)) for a, b, c in matrix)


RGB_TO_RELATIVE_XYZ = _rows(_RGB_TO_XYZ / _WHITE[:, None])
RELATIVE_XYZ_TO_RGB = _rows(np.linalg.inv(_RGB_TO_XYZ) * _WHITE)
RGB_TO_YCBCR = _rows(_RGB_TO_YCBCR)
YCBCR_TO_RGB = _rows(np.linalg.inv(_RGB_TO_YCBCR))

#: Where the two branches of the Lab curve meet: at (6/29)^3 in X, Y, Z and at 6/29 in its values.
_KNEE = 6 / 29
_SLOPE = 841 / 108
#: From where on sRGB's transfer curve is a power: of encoded values, and (beyond it) of linear light.
_ENCODED_KNEE, _LINEAR_KNEE = 0.04045, 0.0031308


def rgb_to_lab(images: Tensor) -> Tensor:
    """Convert sRGB in [0, 1] to CIE Lab of white D65: L in [0, 100], a and b about -110..110."""
    if native.takes(images):
        return native.rgb_to_lab(images, RGB_TO_RELATIVE_XYZ)
    if fused.takes(images):
        return fused.rgb_to_lab(images, RGB_TO_RELATIVE_XYZ)
    x, y, z = _lab_curve(_mix(decode_srgb(images), RGB_TO_RELATIVE_XYZ)).unbind(-3)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim=-3)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """Convert CIE Lab of white D65 to sRGB, clamped to [0, 1]; nothing is clamped on the way there."""
    if native.takes(lab):
        return native.lab_to_rgb(lab, RELATIVE_XYZ_TO_RGB)
    if fused.takes(lab):
        return fused.lab_to_rgb(lab, RELATIVE_XYZ_TO_RGB)
    lightness, a, b = lab.unbind(-3)
    y = (lightness + 16) / 116
    curve = torch.stack((y + a / 500, y, y - b / 200), dim=-3)
    xyz = curve.clamp(min=_KNEE).pow_(3).add_(curve.clamp(max=_KNEE).sub_(_KNEE), alpha=1 / _SLOPE)
    return encode_srgb(_mix(xyz, RELATIVE_XYZ_TO_RGB)).clamp_(0, 1)


def decode_srgb(images: Tensor) -> Tensor:
    """Undo the sRGB transfer curve: encoded values to linear light."""
    power = images.clamp(min=_ENCODED_KNEE).add_(0.055).div_(1.055).pow_(2.4)
    return _select(torch.ge, images, _ENCODED_KNEE, power, images / 12.92)


def encode_srgb(linear: Tensor) -> Tensor:
    """Apply the sRGB transfer curve to linear light; what is negative runs through its linear branch."""
    power = linear.clamp(min=_LINEAR_KNEE).pow_(1 / 2.4).mul_(1.055).sub_(0.055)
    return _select(torch.gt, linear, _LINEAR_KNEE, power, 12.92 * linear)


def rgb_to_grey(images: Tensor) -> Tensor:
    """Give the luma of MATLAB's ``rgb2gray``: (..., 1, H, W), clamped to [0, 1]."""
    return _mix(images, (_GREY,)).clamp_(0, 1)


def rgb_to_ycbcr(images: Tensor) -> Tensor:
    """Convert RGB in [0, 1] to YCbCr (ITU-R BT.601): Y in [16, 235] / 255, Cb and Cr in [16, 240] / 255."""
    return _mix(images, RGB_TO_YCBCR).add_(_column(images, _YCBCR_OFFSET))


def ycbcr_to_rgb(planes: Tensor) -> Tensor:
    """Convert YCbCr of video range to RGB, clamped to [0, 1]."""
    return _mix(planes - _column(planes, _YCBCR_OFFSET), YCBCR_TO_RGB).clamp_(0, 1)


def _lab_curve(t: Tensor) -> Tensor:
    """Take the cube root, and below the knee follow its tangent there."""
    knee = _KNEE**3
    return t.clamp(min=knee).pow_(1 / 3).add_(t.clamp(max=knee).sub_(knee), alpha=_SLOPE)


def _select(compare: Callable[..., Tensor], values: Tensor, knee: float, chosen: Tensor, other: Tensor) -> Tensor:
    """Do ``torch.where(compare(values, knee), chosen, other)`` for finite branches, without truth values.

    ``lerp`` by 0 or 1 gives one branch exactly. On a CPU, torch compares floats into truth values and selects by them
    at a fifth of its usual speed.
    """
    weight = compare(values.detach(), knee, out=torch.empty_like(values))
    return torch.lerp(other, chosen, weight)


def _mix(images: Tensor, matrix: Matrix) -> Tensor:
    """Multiply every pixel by a matrix: not by ``matmul``, which may round to TF32 on CUDA."""
    red, green, blue = images.unbind(-3)
    rows = [(red * r).add_(green, alpha=g).add_(blue, alpha=b) for r, g, b in matrix]
    return torch.stack(rows, dim=-3)


def _column(like: Tensor, values: tuple[float, float, float]) -> Tensor:
    return constant(values, like.dtype, like.device).view(3, 1, 1)
