"""Times and sizes as people say them, with two digits."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Give a time in the unit people would use."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{float(f'{seconds / length:.2g}'):,g} {unit}"
    return f"{float(f'{seconds:.2g}'):g} s"


def size(count: float) -> str:
    """Give a number of bytes in the unit people would use (1 GB is 10^9 bytes)."""
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= length:
            return f"{float(f'{count / length:.2g}'):,g} {unit}"
    return f"{float(f'{count / 1e3:.2g}'):g} kB" if count else "-"
