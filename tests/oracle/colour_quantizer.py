"""Type 6, one pixel at a time: Wu's quantizer as published, and Floyd-Steinberg dithering down the columns."""

from __future__ import annotations

import itertools
import math

import numpy as np

CELLS = 32
F32 = np.float32


def palette(picture, most):
    """Colours of Wu's quantizer for (H, W, 3) uint8: rows of three integers, at most ``most`` of them."""
    count = np.zeros((CELLS + 1,) * 3, dtype=np.int64)
    sums = np.zeros((3, *count.shape), dtype=np.int64)
    squares = np.zeros(count.shape, dtype=F32)
    for r, g, b in picture.transpose(1, 0, 2).reshape(-1, 3).astype(int).tolist():  # in MATLAB's memory order
        cell = (r >> 3) + 1, (g >> 3) + 1, (b >> 3) + 1
        count[cell] += 1
        sums[(slice(None), *cell)] += (r, g, b)
        squares[cell] += F32(r * r + g * g + b * b)
    for table in (count, *sums):
        table[...] = table.cumsum(0).cumsum(1).cumsum(2)
    squares = cumulated_in_single_precision(squares)

    boxes, variances = [((0, CELLS),) * 3], [1.0]
    while len(boxes) < most and max(variances) > 0:
        chosen = variances.index(max(variances))
        halves = split(boxes[chosen], count, sums)
        if halves is None:
            variances[chosen] = 0.0
        else:
            boxes[chosen] = halves[0]
            boxes.append(halves[1])
            variances[chosen] = variance(halves[0], count, sums, squares)
            variances.append(variance(halves[1], count, sums, squares))
    return np.array([[volume(box, table) // volume(box, count) for table in sums] for box in boxes])


def cumulated_in_single_precision(table):
    """The published order of additions: a running line along b, areas over g, then the plane before in r."""
    for r in range(1, CELLS + 1):
        area = np.zeros(CELLS + 1, dtype=F32)
        for g in range(1, CELLS + 1):
            area = area + np.cumsum(table[r, g], dtype=F32)
            table[r, g] = table[r - 1, g] + area
    return table


def volume(box, table):
    """Sum of a cumulative table over a box, corner by corner, the highest corner first."""
    total = 0
    for upper in itertools.product((1, 0), repeat=3):
        corner = table[tuple(side[which] for side, which in zip(box, upper, strict=True))]
        total = total + corner if sum(upper) % 2 == 1 else total - corner
    return total


def variance(box, count, sums, squares):
    if math.prod(high - low for low, high in box) == 1:
        return F32(0)
    mean_part = F32(0)
    for table in sums:
        mean_part = mean_part + F32(volume(box, table)) * F32(volume(box, table))
    return volume(box, squares) - mean_part / F32(volume(box, count))


def split(box, count, sums):
    """The best of all planes through a box, or None: the earlier axis and the lower plane win ties."""
    best = [plane(box, axis, count, sums) for axis in range(3)]
    axis = max(range(3), key=lambda a: best[a][0])  # max gives the first of equals
    cut = best[axis][1]
    if cut is None:
        return None
    low, high = box[axis]
    return tuple((*box[:axis], side, *box[axis + 1 :]) for side in ((low, cut), (cut, high)))


def plane(box, axis, count, sums):
    best, where = F32(0), None
    low, high = box[axis]
    for cut in range(low + 1, high):
        total = F32(0)
        for side in ((low, cut), (cut, high)):
            half = (*box[:axis], side, *box[axis + 1 :])
            pixels = volume(half, count)
            if pixels == 0:
                break
            squared = F32(0)
            for table in sums:
                squared = squared + F32(volume(half, table)) * F32(volume(half, table))
            total = total + squared / F32(pixels)
        else:
            if total > best:
                best, where = total, cut
    return best, where


def dither(picture, colours):
    """Floyd-Steinberg error diffusion down the columns, left to right: (H, W) numbers of colours."""
    centres = 8 * np.arange(CELLS) + 4
    grid = np.stack(np.meshgrid(centres, centres, centres, indexing="ij"), axis=-1)
    distance = ((grid[..., None, :] - colours) ** 2).sum(-1)
    nearest = distance.argmin(-1)  # the first of equals
    height, width = picture.shape[:2]
    values = picture.astype(int)
    chosen = np.zeros((height, width), dtype=int)
    for column in range(width):
        for row in range(height):
            value = np.clip(values[row, column], 0, 255)
            number = nearest[tuple(value >> 3)]
            chosen[row, column] = number
            error = value - colours[number]
            for down, right, weight in ((1, 0, 7), (0, 1, 5), (-1, 1, 3), (1, 1, 1)):
                if 0 <= row + down < height and column + right < width:
                    values[row + down, column + right] += rounded(error * weight / 16)
    return chosen


def rounded(x):
    """Half away from zero."""
    return (np.sign(x) * np.floor(np.abs(x) + 0.5)).astype(int)


def quantized(picture, most):
    """(H, W, 3) uint8 made of at most ``most`` colours."""
    colours = palette(picture, most)
    return colours[dither(picture, colours)].astype(np.uint8)
