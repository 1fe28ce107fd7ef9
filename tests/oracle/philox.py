"""Philox4x32-10 and the draws made of it, in Python integers and floats, one element at a time."""

from __future__ import annotations

import math

MASK = 0xFFFFFFFF


def block(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], 1 << 32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 1 << 32)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def word(seed, type, level, element, draw=0):
    seed %= 1 << 64
    return block((element // 4, draw, type, level), (seed & MASK, seed >> 32))[element % 4]


def normal(seed, type, level, element, draw=0):
    first = element - element % 2
    radius = math.sqrt(-2 * math.log((word(seed, type, level, first, draw) + 1) / 2**32))
    angle = 2 * math.pi * word(seed, type, level, first + 1, draw) / 2**32
    return radius * (math.sin(angle) if element % 2 else math.cos(angle))
