"""Twins of the distortions that work in a colour space: MATLAB's Lab, HSV, YCbCr and grey, one image (H, W, 3)."""

from __future__ import annotations

import colorsys
import math

import numpy as np
from scipy.ndimage import correlate

WHITE = np.array([0.95047, 1, 1.08883])
PRIMARIES = [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)]
YCBCR = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112], [112, -93.786, -18.214]]) / 255
YCBCR_OFFSET = np.array([16, 128, 128]) / 255


def rgb_to_xyz_matrix():
    """The colours x, y, 1 - x - y of the primaries, scaled so that together they are white."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in PRIMARIES]).T
    return columns * np.linalg.solve(columns, WHITE)


def decode(v):
    return ((v + 0.055) / 1.055) ** 2.4 if v >= 0.04045 else v / 12.92


def encode(v):
    return 1.055 * v ** (1 / 2.4) - 0.055 if v > 0.0031308 else 12.92 * v


def curve(t):
    return t ** (1 / 3) if t > (6 / 29) ** 3 else 841 / 108 * t + 4 / 29


def inverse_curve(f):
    return f**3 if f > 6 / 29 else 108 / 841 * (f - 4 / 29)


def each(function, x):
    return np.vectorize(function, otypes=[np.float64])(x)


def rgb_to_lab(x):
    xyz = each(decode, x) @ rgb_to_xyz_matrix().T
    f = each(curve, xyz / WHITE)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def lab_to_rgb(lab):
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    linear = (each(inverse_curve, f) * WHITE) @ np.linalg.inv(rgb_to_xyz_matrix()).T
    return np.clip(each(encode, linear), 0, 1)


def gaussian(plane, sigma):
    """In two dimensions at once, as the specification's kernel is the product of two of one."""
    radius = math.ceil(2 * sigma)
    taps = np.array([math.exp(-(k**2) / (2 * sigma**2)) for k in range(-radius, radius + 1)])
    kernel = np.outer(taps, taps)
    return correlate(plane, kernel / kernel.sum(), mode="nearest")


def color_diffusion(x, amount):
    lab = rgb_to_lab(x)
    for plane in (1, 2):
        lab[..., plane] = amount * gaussian(lab[..., plane], 1.5 * amount + 2)
    return lab_to_rgb(lab)


def color_shift(x, amount, direction):
    down, right = direction
    length = math.hypot(down, right)
    dy, dx = (math.floor(part / length * amount + 0.5) for part in (down, right))
    grey = np.clip(
        0.29893602129377550 * x[..., 0] + 0.58704307445112125 * x[..., 1] + 0.11402090425510331 * x[..., 2], 0, 1
    )
    e = stretch(gaussian(np.hypot(*np.gradient(grey)), 4))
    e = stretch(np.clip(e, 0.1, 1))
    position = math.floor(0.99 * e.size + 0.5) - 1
    high = np.sort(e, axis=None)[position]
    low = 1 - np.sort(1 - e, axis=None)[position]
    e = stretch(np.clip(e, low, high))
    green = x[..., 1]
    shifted = np.pad(green, ((dy, 0), (dx, 0)), mode="edge")[: green.shape[0], : green.shape[1]]
    return np.stack([x[..., 0], e * shifted + (1 - e) * green, x[..., 2]], axis=-1)


def stretch(x):
    return x if x.max() == x.min() else (x - x.min()) / (x.max() - x.min())


def color_saturation_hsv(x, factor):
    pixels = []
    for pixel in x.reshape(-1, 3).tolist():
        hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
        pixels.append(colorsys.hsv_to_rgb(hue, factor * saturation, value))
    return np.array(pixels).reshape(x.shape)


def color_saturation_lab(x, factor):
    return lab_to_rgb(rgb_to_lab(x) * np.array([1, factor, factor]))


def ycbcr_noise(x, variance, normal):
    planes = x @ YCBCR.T + YCBCR_OFFSET
    planes = np.clip(planes + math.sqrt(variance) * normal, 0, 1)
    return np.clip(np.linalg.solve(YCBCR, (planes - YCBCR_OFFSET)[..., None])[..., 0], 0, 1)


def parabola(v, middle):
    """Lagrange's form through (0, 0), (1/2, middle) and (1, 1)."""
    return np.clip(4 * middle * v * (1 - v) + v * (2 * v - 1), 0, 1)


def brighten(x, amount):
    lab = rgb_to_lab(x)
    lab[..., 0] = 100 * parabola(lab[..., 0] / 100, 0.5 + amount / 2)
    return (2 * parabola(x, 0.5 + amount / 2) + lab_to_rgb(lab)) / 3


def darken(x, amount):
    return parabola(x, 0.5 - amount / 2)


def high_sharpen(x, amount):
    lab = rgb_to_lab(x)
    lab[..., 0] += amount * (lab[..., 0] - gaussian(lab[..., 0], 3))
    return lab_to_rgb(lab)
