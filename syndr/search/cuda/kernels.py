"""The Triton kernels of the CUDA backend: the products of a tile with the test fused, and exact dot products."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def hits_kernel(
    left, right, left_slack, right_slack, left_roots, right_roots, tile_a, tile_b, words, bar, dims,
    JOINED: tl.constexpr, BLOCK_A: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """Multiply one tile and write its hits as bits; the products never leave the registers.

    Bit q of word (r, w) of a tile stands for its pair (row r, column 8 q + w): in this order each thread packs what
    it holds of the product, so nothing is exchanged between threads.
    """
    tile = tl.program_id(0)
    a = tl.load(tile_a + tile) * BLOCK_A + tl.arange(0, BLOCK_A)
    b = tl.load(tile_b + tile) * BLOCK_B + tl.arange(0, BLOCK_B)
    k = tl.arange(0, BLOCK_K)
    left_block = left + a.to(tl.int64)[:, None] * dims + k[None, :]
    right_block = right + b.to(tl.int64)[None, :] * dims + k[:, None]
    product = tl.zeros((BLOCK_A, BLOCK_B), dtype=tl.float32)
    for _ in range(0, dims, BLOCK_K):
        product = tl.dot(tl.load(left_block), tl.load(right_block), product)
        left_block += BLOCK_K
        right_block += BLOCK_K
    row_bar = bar - tl.load(left_slack + a)
    hit = product >= row_bar[:, None] - tl.load(right_slack + b)[None, :]
    if JOINED:
        hit = hit & (tl.load(left_roots + a)[:, None] != tl.load(right_roots + b)[None, :])
    bits = tl.reshape(hit.to(tl.int32), (BLOCK_A, BLOCK_B // 8, 8)) << tl.arange(0, BLOCK_B // 8)[None, :, None]
    packed = tl.sum(bits, axis=1)  # distinct bits: the sum is their union
    where = tl.arange(0, BLOCK_A)[:, None] * 8 + tl.arange(0, 8)[None, :]
    tl.store(words + tile.to(tl.int64) * (BLOCK_A * 8) + where, packed)


@triton.jit(do_not_specialize=["pairs"])  # or some counts of pairs would each be compiled for
def lanes_kernel(
    first, second, i, j, lanes, pairs, dims, first_stride, second_stride,
    BLOCK: tl.constexpr, UNROLL: tl.constexpr,
):  # fmt: skip
    """Sum the products of pairs of rows in eight float64 lanes, in the order of csrc/kernels/exact_body.hpp.

    To be started without contraction to fused multiply-adds (``enable_fp_fusion=False``).
    """
    pair = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    there = pair < pairs
    lane = tl.arange(0, 8)
    a = first + tl.load(i + pair, mask=there, other=0)[:, None] * first_stride + lane[None, :]
    b = second + tl.load(j + pair, mask=there, other=0)[:, None] * second_stride + lane[None, :]
    total = tl.zeros((BLOCK, 8), dtype=tl.float64)
    unrolled = dims // (8 * UNROLL) * (8 * UNROLL)
    for start in range(0, unrolled, 8 * UNROLL):
        for step in tl.static_range(UNROLL):  # so that several loads are under way
            at = start + 8 * step
            total = total + tl.load(a + at).to(tl.float64) * tl.load(b + at).to(tl.float64)
    for at in range(unrolled, dims, 8):
        inside = (at + lane < dims)[None, :]
        one = tl.load(a + at, mask=inside, other=0).to(tl.float64)
        total = total + one * tl.load(b + at, mask=inside, other=0).to(tl.float64)
    tl.store(lanes + pair[:, None] * 8 + lane[None, :], total, mask=there[:, None])
