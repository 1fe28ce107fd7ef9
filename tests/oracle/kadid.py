"""The specification's distortions in NumPy float64, one image (H, W, 3) at a time, as plainly as can be said."""

from __future__ import annotations

import io
import math

import numpy as np
from oracle import kadid_color as color
from PIL import Image
from scipy.interpolate import CubicSpline
from scipy.ndimage import correlate

EPS = np.finfo(np.float64).eps

LEVELS = {
    1: (0.1, 0.5, 1, 2, 5),
    3: (1, 2, 4, 6, 10),
    4: (1, 3, 6, 8, 12),
    5: (1, 3, 6, 8, 12),
    7: (0.4, 0.2, 0.1, 0, -0.4),
    8: (1, 2, 3, 6, 9),
    9: (16, 32, 45, 120, 400),
    10: (43, 36, 24, 7, 4),
    11: (0.001, 0.002, 0.003, 0.005, 0.01),
    12: (0.0001, 0.0005, 0.001, 0.002, 0.003),
    13: (0.001, 0.005, 0.01, 0.02, 0.03),
    14: (0.001, 0.005, 0.01, 0.02, 0.05),
    16: (0.1, 0.2, 0.4, 0.7, 1.1),
    17: (0.05, 0.1, 0.2, 0.4, 0.8),
    18: (0.15, 0.08, 0, -0.08, -0.15),
    21: (0.01, 0.05, 0.1, 0.2, 0.5),
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


def mean_shift(x, offset):
    return np.clip(x + offset, 0, 1)


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


def contrast_change(x, m):
    knots = CubicSpline([0, 0.3, 0.5, 0.7, 1], [0, 0.25 - m / 4, 0.5, 0.75 + m / 4, 1], bc_type="not-a-knot")
    return np.clip(knots(x), 0, 1)


FUNCTIONS = {
    1: gaussian_blur,
    3: motion_blur,
    4: color.color_diffusion,
    5: color.color_shift,
    7: color.color_saturation_hsv,
    8: color.color_saturation_lab,
    9: jpeg2000,
    10: jpeg,
    11: white_noise,
    12: color.ycbcr_noise,
    13: impulse_noise,
    14: multiplicative_noise,
    16: color.brighten,
    17: color.darken,
    18: mean_shift,
    21: pixelate,
    24: color.high_sharpen,
    25: contrast_change,
}
