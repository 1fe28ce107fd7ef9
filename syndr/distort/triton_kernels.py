"""The Triton kernels of the distortions: random numbers, correlation, warping, and pixels moved or painted.

What they compute, and why, stands beside the torch definitions: random.py, blur.py, warp.py, spatial.py.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def draw_kernel(seeds, levels, out, count, draw, type_, NORMAL: tl.constexpr, WORDS: tl.constexpr, BLOCK: tl.constexpr):
    """Fill a row of ``out`` for each seed with words, uniform or standard normal numbers."""
    row = tl.program_id(0)
    block = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    zero = block * 0
    seed = tl.load(seeds + row)
    level = tl.load(levels + row).to(tl.int32)
    first, second, third, fourth = tl.philox(seed, block, zero + draw, zero + type_, zero + level)
    at = out + row.to(tl.int64) * count
    _store(at, 4 * block, count, first, second, NORMAL, WORDS)
    _store(at, 4 * block + 2, count, third, fourth, NORMAL, WORDS)


@triton.jit
def _store(at, place, count, word, other, NORMAL: tl.constexpr, WORDS: tl.constexpr):
    word = word.to(tl.uint32, bitcast=True)
    other = other.to(tl.uint32, bitcast=True)
    if WORDS:
        tl.store(at + place, word.to(tl.int64), mask=place < count)
        tl.store(at + place + 1, other.to(tl.int64), mask=place + 1 < count)
    elif NORMAL:
        radius = tl.sqrt(-2.0 * tl.log((word.to(tl.float64) + 1.0) * 2.3283064365386963e-10))
        angle = other.to(tl.float64) * 1.4629180792671596e-09
        tl.store(at + place, (radius * tl.cos(angle)).to(tl.float32), mask=place < count)
        tl.store(at + place + 1, (radius * tl.sin(angle)).to(tl.float32), mask=place + 1 < count)
    else:
        tl.store(at + place, word.to(tl.float64) * 2.3283064365386963e-10, mask=place < count)
        tl.store(at + place + 1, other.to(tl.float64) * 2.3283064365386963e-10, mask=place + 1 < count)


@triton.jit
def correlate_kernel(images, result, taps, starts, which, channels, height, width, BLOCK: tl.constexpr):
    """Correlate each plane of each image with the taps of its kernel: rows of (down, right, weight)."""
    plane = tl.program_id(0)
    pixel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < height * width
    y = pixel // width
    x = pixel % width
    base = images + plane.to(tl.int64) * height * width
    total = tl.zeros((BLOCK,), dtype=images.dtype.element_ty)
    kernel = tl.load(which + plane // channels)
    for tap in range(tl.load(starts + kernel), tl.load(starts + kernel + 1)):
        down = tl.load(taps + 3 * tap).to(tl.int32)
        right = tl.load(taps + 3 * tap + 1).to(tl.int32)
        weight = tl.load(taps + 3 * tap + 2).to(images.dtype.element_ty)
        row = tl.minimum(tl.maximum(y + down, 0), height - 1)
        column = tl.minimum(tl.maximum(x + right, 0), width - 1)
        total += weight * tl.load(base + row * width + column, mask=inside, other=0)
    tl.store(result + plane.to(tl.int64) * height * width + pixel, total, mask=inside)


@triton.jit
def warp_kernel(images, result, shifts, reach, step, passes, height, width, BLOCK: tl.constexpr):
    """Fetch the three values of each pixel from where one pass's displacements, (image, pass, 2, H, W), lead."""
    image = tl.program_id(0)
    pixel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    size = height * width
    inside = pixel < size
    y = pixel // width
    x = pixel % width
    turn = image * passes + step
    field = shifts + turn.to(tl.int64) * 2 * size + pixel
    down = tl.load(field, mask=inside, other=0)
    right = tl.load(field + size, mask=inside, other=0)
    # The official code has the reaches swapped.
    y0, y1, y2, y3, a0, a1, a2, a3 = _taps(y, down, height, tl.load(reach + 2 * turn + 1))
    x0, x1, x2, x3, b0, b1, b2, b3 = _taps(x, right, width, tl.load(reach + 2 * turn))
    for channel in tl.static_range(3):
        base = images + (image.to(tl.int64) * 3 + channel) * size
        total = a0 * _line(base + y0 * width, x0, x1, x2, x3, b0, b1, b2, b3, inside)
        total += a1 * _line(base + y1 * width, x0, x1, x2, x3, b0, b1, b2, b3, inside)
        total += a2 * _line(base + y2 * width, x0, x1, x2, x3, b0, b1, b2, b3, inside)
        total += a3 * _line(base + y3 * width, x0, x1, x2, x3, b0, b1, b2, b3, inside)
        tl.store(result + (image.to(tl.int64) * 3 + channel) * size + pixel, total, mask=inside)


@triton.jit
def _line(base, x0, x1, x2, x3, b0, b1, b2, b3, inside):
    total = b0 * tl.load(base + x0, mask=inside, other=0)
    total += b1 * tl.load(base + x1, mask=inside, other=0)
    total += b2 * tl.load(base + x2, mask=inside, other=0)
    return total + b3 * tl.load(base + x3, mask=inside, other=0)


@triton.jit
def _taps(place, shift, size, beyond):
    """Give the four samples for ``place - shift`` on an axis and their weights, NaN beyond the border.

    Keys's sample where the border ends is 3 v1 - 3 v2 + v3 of the next three further in. After two replicated samples
    that is the border's value; after one it is the second sample; after none, its parts go to those three's weights.
    """
    whole = tl.floor(-shift)
    t = -shift - whole
    t = tl.where((shift > place + beyond) | (shift < place - (size - 1) - beyond), float("nan"), t)
    u = 1 - t
    bend = t * u
    before = bend * u / -2
    after = bend * t / -2
    w0 = before
    w1 = u + bend + 3 * after
    w2 = t + bend + 3 * before
    w3 = after
    first = tl.minimum(tl.maximum(place + whole.to(tl.int32) - 1, -4), size)
    low = (beyond == 0) & (first == -1)
    high = (beyond == 0) & (first + 3 == size)
    e0 = tl.where(low, w0, 0)
    e3 = tl.where(high, w3, 0)
    v0 = w0 - e0 + e3
    v1 = w1 + 3 * e0 - 3 * e3
    v2 = w2 - 3 * e0 + 3 * e3
    v3 = w3 + e0 - e3
    return (
        _sample(first, size, beyond), _sample(first + 1, size, beyond), _sample(first + 2, size, beyond),
        _sample(first + 3, size, beyond), v0, v1, v2, v3,
    )  # fmt: skip


@triton.jit
def _sample(at, size, beyond):
    held = tl.minimum(tl.maximum(at, 0), size - 1)
    held = tl.where((beyond == 1) & (at == -2), 1, held)
    return tl.where((beyond == 1) & (at == size + 1), size - 2, held)


@triton.jit
def patch_kernel(
    images, result, corners, counts, most, channels, height, width, SIDE: tl.constexpr, BLOCK: tl.constexpr
):
    """Trace each pixel back through an image's patches, the last first: (x, y, to x, to y) each."""
    image = tl.program_id(0)
    pixel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < height * width
    y = pixel // width
    x = pixel % width
    count = tl.load(counts + image)
    for back in range(count):
        patch = corners + (image * most + count - 1 - back) * 4
        to_x = tl.load(patch + 2)
        to_y = tl.load(patch + 3)
        here = (x >= to_x) & (x < to_x + SIDE) & (y >= to_y) & (y < to_y + SIDE)
        x = tl.where(here, x + tl.load(patch) - to_x, x)
        y = tl.where(here, y + tl.load(patch + 1) - to_y, y)
    for channel in range(channels):
        base = (image.to(tl.int64) * channels + channel) * height * width
        tl.store(result + base + pixel, tl.load(images + base + y * width + x, mask=inside), mask=inside)


@triton.jit
def block_kernel(result, corners, colors, counts, most, height, width, SIDE: tl.constexpr, BLOCK: tl.constexpr):
    """Paint an image's blocks, (x, y) each, one after another."""
    image = tl.program_id(0)
    pixel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < height * width
    y = pixel // width
    x = pixel % width
    for block in range(tl.load(counts + image)):
        at_x = tl.load(corners + (image * most + block) * 2)
        at_y = tl.load(corners + (image * most + block) * 2 + 1)
        here = inside & (x >= at_x) & (x < at_x + SIDE) & (y >= at_y) & (y < at_y + SIDE)
        for channel in tl.static_range(3):
            color = tl.load(colors + (image * most + block) * 3 + channel)
            base = (image.to(tl.int64) * 3 + channel) * height * width
            tl.store(result + base + pixel, tl.zeros((BLOCK,), color.dtype) + color, mask=here)


@triton.jit
def lab_kernel(colors, result, matrix, size, FORWARD: tl.constexpr, BLOCK: tl.constexpr):
    """Convert sRGB to Lab (FORWARD) or back."""
    pixel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < size
    at = tl.program_id(0).to(tl.int64) * 3 * size + pixel
    first = tl.load(colors + at, mask=inside, other=0).to(tl.float64)
    second = tl.load(colors + at + size, mask=inside, other=0).to(tl.float64)
    third = tl.load(colors + at + 2 * size, mask=inside, other=0).to(tl.float64)
    if FORWARD:
        x, y, z = _mix(_decoded(first), _decoded(second), _decoded(third), matrix)
        x, y, z = _curve(x), _curve(y), _curve(z)
        first, second, third = 116 * y - 16, 500 * (x - y), 200 * (y - z)
    else:
        y = (first + 16) / 116
        x, y, z = _mix(_uncurved(y + second / 500), _uncurved(y), _uncurved(y - third / 200), matrix)
        first, second, third = _encoded(x), _encoded(y), _encoded(z)
    tl.store(result + at, first.to(result.dtype.element_ty), mask=inside)
    tl.store(result + at + size, second.to(result.dtype.element_ty), mask=inside)
    tl.store(result + at + 2 * size, third.to(result.dtype.element_ty), mask=inside)


@triton.jit
def _mix(a, b, c, matrix):
    return _row(a, b, c, matrix), _row(a, b, c, matrix + 3), _row(a, b, c, matrix + 6)


@triton.jit
def _row(a, b, c, row):
    return a * tl.load(row) + b * tl.load(row + 1) + c * tl.load(row + 2)


@triton.jit
def _decoded(v):
    power = tl.exp(2.4 * tl.log((tl.maximum(v, 0.04045) + 0.055) / 1.055))
    return tl.where(v >= 0.04045, power, v / 12.92)


@triton.jit
def _encoded(v):
    power = 1.055 * tl.exp(tl.log(tl.maximum(v, 0.0031308)) / 2.4) - 0.055
    return tl.minimum(tl.maximum(tl.where(v > 0.0031308, power, 12.92 * v), 0.0), 1.0)


@triton.jit
def _curve(t):
    knee = (6.0 / 29) * (6.0 / 29) * (6.0 / 29)
    root = tl.exp(tl.log(tl.maximum(t, knee)) / 3)
    return root + (tl.minimum(t, knee) - knee) * (841.0 / 108)


@triton.jit
def _uncurved(t):
    knee = 6.0 / 29
    upper = tl.maximum(t, knee)
    return upper * upper * upper + (tl.minimum(t, knee) - knee) * (108.0 / 841)
