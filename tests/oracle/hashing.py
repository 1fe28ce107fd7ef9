"""XXH64 and SplitMix64's finalizer in plain Python, from their published descriptions."""

from __future__ import annotations

_ALL = (1 << 64) - 1
_P1, _P2, _P3 = 11400714785074694791, 14029467366897019727, 1609587929392839161
_P4, _P5 = 9650029242287828579, 2870177450012600261


def _rotate(x, by):
    return ((x << by) | (x >> (64 - by))) & _ALL


def _round(accumulator, lane):
    return _rotate((accumulator + lane * _P2) & _ALL, 31) * _P1 & _ALL


def xxh64(data, seed=0):
    rest = data
    if len(data) >= 32:
        lanes = [(seed + _P1 + _P2) & _ALL, (seed + _P2) & _ALL, seed & _ALL, (seed - _P1) & _ALL]
        while len(rest) >= 32:
            stripe, rest = rest[:32], rest[32:]
            for n in range(4):
                lanes[n] = _round(lanes[n], int.from_bytes(stripe[8 * n : 8 * n + 8], "little"))
        h = sum(_rotate(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18), strict=True)) & _ALL
        for lane in lanes:
            h = ((h ^ _round(0, lane)) * _P1 + _P4) & _ALL
    else:
        h = (seed + _P5) & _ALL
    h = (h + len(data)) & _ALL
    while len(rest) >= 8:
        h = (_rotate(h ^ _round(0, int.from_bytes(rest[:8], "little")), 27) * _P1 + _P4) & _ALL
        rest = rest[8:]
    if len(rest) >= 4:
        h = (_rotate(h ^ (int.from_bytes(rest[:4], "little") * _P1 & _ALL), 23) * _P2 + _P3) & _ALL
        rest = rest[4:]
    for byte in rest:
        h = _rotate(h ^ (byte * _P5 & _ALL), 11) * _P1 & _ALL
    h = (h ^ (h >> 33)) * _P2 & _ALL
    h = (h ^ (h >> 29)) * _P3 & _ALL
    return h ^ (h >> 32)


def mix(*words):
    """Absorb each word into SplitMix64's state, then apply its output function to the state."""
    state = 0
    for word in words:
        z = (state + word + 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        state = z ^ (z >> 31)
    return state
