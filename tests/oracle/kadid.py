"""The specification's distortions in NumPy float64, one image (H, W, 3) at a time, as plainly as can be said."""

from __future__ import annotations

import functools
import io
import itertools
import math
from pathlib import Path

import numpy as np
from oracle import colour_quantizer, dncnn, otsu
from oracle import kadid_color as color
from PIL import Image
from safetensors.numpy import load_file
from scipy.integrate import quad
from scipy.interpolate import CubicSpline
from scipy.ndimage import correlate

import syndr

EPS = np.finfo(np.float64).eps

LEVELS = {
    1: (0.1, 0.5, 1, 2, 5),
    2: (1, 2, 4, 6, 8),
    3: (1, 2, 4, 6, 10),
    4: (1, 3, 6, 8, 12),
    5: (1, 3, 6, 8, 12),
    6: (64, 48, 32, 16, 8),
    7: (0.4, 0.2, 0.1, 0, -0.4),
    8: (1, 2, 3, 6, 9),
    9: (16, 32, 45, 120, 400),
    10: (43, 36, 24, 7, 4),
    11: (0.001, 0.002, 0.003, 0.005, 0.01),
    12: (0.0001, 0.0005, 0.001, 0.002, 0.003),
    13: (0.001, 0.005, 0.01, 0.02, 0.03),
    14: (0.001, 0.005, 0.01, 0.02, 0.05),
    15: (0.01, 0.03, 0.05, 0.1, 0.15),
    16: (0.1, 0.2, 0.4, 0.7, 1.1),
    17: (0.05, 0.1, 0.2, 0.4, 0.8),
    18: (0.15, 0.08, 0, -0.08, -0.15),
    19: (0.05, 0.1, 0.2, 0.5, 1),
    20: (20, 40, 60, 80, 100),
    21: (0.01, 0.05, 0.1, 0.2, 0.5),
    22: (20, 16, 13, 10, 7),
    23: (2, 4, 6, 8, 10),
    24: (1, 2, 3, 6, 12),
    25: (0.3, 0.15, 0, -0.4, -0.6),
}


def distort(image, number, level, draw=None):
    """Give (H, W, 3) float64 after the output stretch; ``image`` is uint8 or float64 that is not 8-bit."""
    parameter = LEVELS[number][level - 1]
    function = FUNCTIONS[number]
    x = stretch(image.astype(np.float64))
    return stretch(function(x, parameter) if draw is None else function(x, parameter, draw))


def stretch(x):
    return color.stretch(x)


def to_8bit(x):
    return np.clip(np.floor(255 * x + 0.5), 0, 255).astype(np.uint8)


def each_channel(x, kernel):
    return np.stack([correlate(x[..., c], kernel, mode="nearest") for c in range(x.shape[-1])], axis=-1)


def gaussian_blur(x, sigma):
    radius = math.ceil(2 * sigma)
    kernel = np.array(
        [
            [math.exp(-(i * i + j * j) / (2 * sigma * sigma)) for j in range(-radius, radius + 1)]
            for i in range(-radius, radius + 1)
        ]
    )
    return each_channel(x, kernel / kernel.sum())


def lens_blur(x, radius):
    """The share of each pixel in the disc, integrated over the columns of the pixel."""
    size = np.arange(-radius, radius + 1)
    kernel = np.array([[covered(column, row, radius) for column in size] for row in size])
    return each_channel(x, kernel / kernel.sum())


def covered(column, row, radius):
    """Area of a pixel inside a disc around the origin."""

    def height(x):
        top = math.sqrt(max(radius**2 - x**2, 0))
        return max(0.0, min(row + 0.5, top) - max(row - 0.5, -top))

    # The integrand has corners where the circle crosses the pixel's upper and lower side.
    corners = [math.sqrt(radius**2 - y**2) for y in (row - 0.5, row + 0.5) if abs(y) < radius]
    inside = [x for c in (*corners, radius) for x in (-c, c) if abs(x - column) < 0.5]
    points = sorted([column - 0.5, *inside, column + 0.5])
    return sum(quad(height, low, high, epsabs=1e-13, epsrel=1e-13)[0] for low, high in itertools.pairwise(points))


def motion_kernel(length, angle):
    half = (length - 1) / 2
    phi = (angle % 180) / 180 * math.pi
    c, s = math.cos(phi), math.sin(phi)
    sign = 1 if c >= 0 else -1
    nx = math.trunc(half * c + sign - length * EPS)
    ny = math.trunc(half * s + 1 - length * EPS)
    kernel = np.zeros((2 * ny + 1, 2 * abs(nx) + 1))
    for row in range(ny + 1):
        for column in range(abs(nx) + 1):
            x, y = sign * column, row
            d = y * c - x * s
            if math.hypot(x, y) >= half and abs(d) <= 1:
                d = math.hypot(d, half - abs((x + d * s) / c))
            weight = max(0.0, 1 + EPS - abs(d))
            kernel[ny + row, abs(nx) + column] = kernel[ny - row, abs(nx) - column] = weight
    kernel /= kernel.sum() + EPS * length * length
    return kernel[::-1] if c > 0 else kernel


def motion_blur(x, length, angle):
    return each_channel(x, motion_kernel(length, angle))


def color_quantization(x, most):
    return colour_quantizer.quantized(to_8bit(x), most) / 255


def jpeg2000(x, ratio):
    return through_file(
        x,
        "JPEG2000",
        quality_mode="rates",
        quality_layers=[ratio],
        num_resolutions=5,
        irreversible=True,
        mct=1,
    )


def jpeg(x, quality):
    return through_file(x, "JPEG", quality=quality, subsampling=2)


def through_file(x, codec, **options):
    """Codecs have no twin: their files are examined by themselves, and their pictures compared with shared data."""
    file = io.BytesIO()
    Image.fromarray(to_8bit(x)).save(file, codec, **options)
    return np.asarray(Image.open(file)) / 255


def white_noise(x, variance, normal):
    return np.clip(x + math.sqrt(variance) * normal, 0, 1)


def impulse_noise(x, density, uniform):
    return np.where(uniform < density / 2, 0, np.where(uniform < density, 1, x))


def multiplicative_noise(x, variance, uniform):
    return np.clip(x + x * math.sqrt(12 * variance) * (uniform - 0.5), 0, 1)


def denoise(x, variance, normal):
    noisy = white_noise(x, variance, normal)
    return np.stack([dncnn.denoise(noisy[..., c], shipped_layers()) for c in range(3)], axis=-1)


@functools.cache
def shipped_layers():
    state = load_file(Path(syndr.__file__).parent / "distort" / "dncnn.safetensors")
    return [(state[f"model.{2 * i}.weight"], state[f"model.{2 * i}.bias"]) for i in range(len(state) // 2)]


def mean_shift(x, offset):
    return np.clip(x + offset, 0, 1)


def jitter(x, sigma, draws):
    for down, right in sigma * draws:
        x = warp(x, down, right)
    return np.where(np.isnan(x), 0 if np.isnan(x).all() else np.nanmin(x), x)


def warp(x, down, right):
    """Pad the picture, with one sample more for the convolution, and look every pixel up in it."""
    rows, columns = math.ceil(np.abs(right).max()), math.ceil(np.abs(down).max())
    padded = np.pad(x, ((rows, rows), (columns, columns), (0, 0)), mode="edge")
    padded = extended(extended(padded).transpose(1, 0, 2)).transpose(1, 0, 2)
    y = np.arange(x.shape[0])[:, None] - down
    x_ = np.arange(x.shape[1])[None] - right
    bad = (y < -rows) | (y > x.shape[0] - 1 + rows) | (x_ < -columns) | (x_ > x.shape[1] - 1 + columns)
    row, column = np.floor(y).astype(int), np.floor(x_).astype(int)
    result = np.zeros_like(x)
    for i in range(-1, 3):
        for j in range(-1, 3):
            weight = keys(y - (row + i)) * keys(x_ - (column + j))
            at = (
                (row + i + rows + 1).clip(0, padded.shape[0] - 1),
                (column + j + columns + 1).clip(0, padded.shape[1] - 1),
            )
            result += weight[..., None] * padded[at]
    result[bad] = np.nan
    return result


def extended(v):
    """One more sample at both ends: 3 v1 - 3 v2 + v3."""
    return np.concatenate([[3 * v[0] - 3 * v[1] + v[2]], v, [3 * v[-1] - 3 * v[-2] + v[-3]]])


def keys(distance):
    """Cubic convolution, a = -1/2."""
    d = np.abs(distance)
    return np.where(d <= 1, 1.5 * d**3 - 2.5 * d**2 + 1, np.where(d < 2, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2, 0))


def non_eccentricity_patch(x, count, draws):
    x = x.copy()
    height, width = x.shape[:2]
    for u1, u2, u3, u4 in draws[:count]:
        w0 = otsu.half_away(u1 * (width - 48)) + 16
        h0 = otsu.half_away(u2 * (height - 48)) + 16
        w1, h1 = otsu.half_away((u3 - 0.5) * 16 + w0), otsu.half_away((u4 - 0.5) * 16 + h0)
        patch = x[h0 - 1 : h0 + 15, w0 - 1 : w0 + 15].copy()
        x[h1 - 1 : h1 + 15, w1 - 1 : w1 + 15] = patch
    return x


def pixelate(x, strength):
    scale = 0.95 - strength**0.6
    for axis in (0, 1):
        full = x.shape[axis]
        small = math.ceil(scale * full)
        down = [nearest(o, scale, full) for o in range(1, small + 1)]
        up = [nearest(o, full / small, small) for o in range(1, full + 1)]
        x = np.take(np.take(x, down, axis), up, axis)
    return x


def nearest(output, scale, inputs):
    """Zero-based input of a one-based output."""
    return min(max(math.floor(output / scale + 0.5 * (1 - 1 / scale) + 0.5), 1), inputs) - 1


def quantization(x, count):
    t = np.array(otsu.thresholds(to_8bit(x), count)) / 255
    result = np.where(x > t[-1], 1.0, 0.0)
    for low, high in itertools.pairwise(t):
        result[(x > low) & (x <= high)] = high
    return result


def color_block(x, count, draws):
    x = x.copy()
    height, width = x.shape[:2]
    row, column = np.mgrid[1 : height + 1, 1 : width + 1]
    for *rgb, u, v in draws[:count]:
        left, top = otsu.half_away(u * (width - 32)), otsu.half_away(v * (height - 32))
        x[(row >= top) & (row <= top + 31) & (column >= left) & (column <= left + 31)] = rgb
    return x


def contrast_change(x, m):
    knots = CubicSpline([0, 0.3, 0.5, 0.7, 1], [0, 0.25 - m / 4, 0.5, 0.75 + m / 4, 1], bc_type="not-a-knot")
    return np.clip(knots(x), 0, 1)


FUNCTIONS = {
    1: gaussian_blur,
    2: lens_blur,
    3: motion_blur,
    4: color.color_diffusion,
    5: color.color_shift,
    6: color_quantization,
    7: color.color_saturation_hsv,
    8: color.color_saturation_lab,
    9: jpeg2000,
    10: jpeg,
    11: white_noise,
    12: color.ycbcr_noise,
    13: impulse_noise,
    14: multiplicative_noise,
    15: denoise,
    16: color.brighten,
    17: color.darken,
    18: mean_shift,
    19: jitter,
    20: non_eccentricity_patch,
    21: pixelate,
    22: quantization,
    23: color_block,
    24: color.high_sharpen,
    25: contrast_change,
}
