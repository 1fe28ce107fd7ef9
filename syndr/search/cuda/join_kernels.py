"""The Triton kernels between a tile's bits and the sets: pairs listed, rows halved, candidates decided and joined."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def list_pairs_kernel(
    words, tile_a, tile_b, labels, gap, rows, offsets, first, second,
    LABELLED: tl.constexpr, WRITE: tl.constexpr, BLOCK_A: tl.constexpr, BLOCK_B: tl.constexpr,
):  # fmt: skip
    """Count the pairs of a tile's bits into its entry of ``offsets``, 0 before, or write them from that place on.

    A pair counts when its first row comes before its second and, if LABELLED, their labels are nearer than the gap.
    """
    tile = tl.program_id(0)
    word = tl.arange(0, BLOCK_A * 8)
    left = tl.load(words + tile.to(tl.int64) * (BLOCK_A * 8) + word)
    a = tl.load(tile_a + tile) * BLOCK_A + word // 8
    column = tl.load(tile_b + tile) * BLOCK_B + word % 8
    if LABELLED:
        label = tl.load(labels + tl.minimum(a, rows - 1))
        limit = tl.load(gap)
    start = tl.load(offsets + tile)
    while tl.max((left != 0).to(tl.int32), axis=0) > 0:
        low = left & -left
        power = low.to(tl.uint32, bitcast=True).to(tl.float32)
        bit = (power.to(tl.int32, bitcast=True) >> 23) - 127  # its exponent
        b = column + 8 * bit
        good = (left != 0) & (a < b) & (b < rows)
        if LABELLED:
            good = good & (tl.abs(label - tl.load(labels + b, mask=good, other=0)) < limit)
        count = good.to(tl.int32)
        if WRITE:
            at = start + tl.cumsum(count, axis=0) - 1
            tl.store(first + at, a, mask=good)
            tl.store(second + at, b, mask=good)
        start += tl.sum(count, axis=0)
        left = left ^ low
    if not WRITE:
        tl.store(offsets + tile, start)


@triton.jit
def halve_kernel(
    features, lengths, place, values, slack, rows, dims, stride, width, margin,
    BLOCK: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """Scale rows to unit length, round them to half precision, and measure in float64 what that has lost."""
    row = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    there = row < rows
    length = tl.load(lengths + row, mask=there, other=1)
    here = tl.load(place + row, mask=there, other=0)
    lost = tl.zeros((BLOCK, BLOCK_K), dtype=tl.float64)
    for start in range(0, width, BLOCK_K):
        k = start + tl.arange(0, BLOCK_K)
        inside = there[:, None] & (k < dims)[None, :]
        given = tl.load(features + row[:, None] * stride + k[None, :], mask=inside, other=0)
        unit = given.to(tl.float64) / length[:, None]
        half = unit.to(tl.float32).to(tl.float16)
        tl.store(values + here[:, None] * width + k[None, :], half, mask=there[:, None] & (k < width)[None, :])
        rest = unit - half.to(tl.float32).to(tl.float64)
        lost += rest * rest
    tl.store(slack + here, (tl.sqrt(tl.sum(lost, axis=1)) * margin).to(tl.float32), mask=there)


@triton.jit
def decide_kernel(
    roots, values, slack, place, i, j, verdicts, pairs, width, low, high,
    BLOCK: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """Decide candidates by half-precision products; ``roots`` give each row's set, and are not written meanwhile.

    Verdicts: 0 within one set already, 1 no edge, 2 an edge, 3 too close to the radius for half precision.
    """
    pair = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    there = pair < pairs
    a = tl.load(i + pair, mask=there, other=0)
    b = tl.load(j + pair, mask=there, other=0)
    apart = tl.load(roots + a) != tl.load(roots + b)
    verdict = apart.to(tl.int8)
    if tl.max(apart.to(tl.int32), axis=0) > 0:
        row_a = tl.load(place + a)
        row_b = tl.load(place + b)
        k = tl.arange(0, BLOCK_K)
        at_a = values + row_a[:, None] * width + k[None, :]
        at_b = values + row_b[:, None] * width + k[None, :]
        total = tl.zeros((BLOCK, BLOCK_K), dtype=tl.float32)
        for start in range(0, width, BLOCK_K):
            inside = apart[:, None] & (start + k < width)[None, :]
            some_a = tl.load(at_a + start, mask=inside, other=0).to(tl.float32)
            some_b = tl.load(at_b + start, mask=inside, other=0).to(tl.float32)
            total += some_a * some_b
        product = tl.sum(total, axis=1)
        reach = tl.load(slack + row_a) + tl.load(slack + row_b)
        sure = apart & (product >= high + reach)
        open_ = apart & (product >= low - reach) & (product < high + reach)
        verdict = apart.to(tl.int8) + sure.to(tl.int8) + 2 * open_.to(tl.int8)
    tl.store(verdicts + pair, verdict, mask=there)


@triton.jit
def hook_kernel(roots, i, j, verdicts, pairs, BLOCK: tl.constexpr):
    """Join the sets of the ends of edges: hook the higher root to the lower.

    BLOCK is at least the number of threads, here and below: threads that shared an element would read its root at
    different times while other programs write, and no longer agree on when a loop ends.
    """
    pair = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    there = pair < pairs
    sure = tl.load(verdicts + pair, mask=there, other=0) == 2
    a = tl.load(i + pair, mask=sure, other=0)
    b = tl.load(j + pair, mask=sure, other=0)
    while tl.max(sure.to(tl.int32), axis=0) > 0:
        a = _root(roots, a)
        b = _root(roots, b)
        upper = tl.maximum(a, b)
        lower = tl.minimum(a, b)
        sure = sure & (upper != lower)
        found = tl.atomic_min(roots + upper, lower, mask=sure)
        # Another program may have hooked the upper root meanwhile: then its new parent is still to be joined.
        sure = sure & (found != upper)
        a = tl.where(sure, found, a)
        b = tl.where(sure, lower, b)


@triton.jit
def flatten_kernel(roots, rows, BLOCK: tl.constexpr):
    """Point every row to its root."""
    row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    there = row < rows
    root = _root(roots, tl.where(there, row, 0).to(tl.int64))
    tl.store(roots + row, root, mask=there)


@triton.jit
def _root(roots, row):
    """Follow each row to its root; past the first cache, which does not see what other programs write."""
    up = tl.load(roots + row, cache_modifier=".cg")
    while tl.max((up != row).to(tl.int32), axis=0) > 0:
        row = up
        up = tl.load(roots + row, cache_modifier=".cg")
    return row
