"""What a distortion type is called."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec


def distortion_name(number: int) -> str:
    """Give ``"JPEG2000"`` for KADID type 9; ``"type 9"`` where torch, which makes the types, is not installed."""
    return _names().get(int(number), f"type {number}")


@cache
def _names() -> dict[int, str]:
    if find_spec("torch") is None or find_spec("kornia") is None:
        return {}
    from syndr.distort import TYPES

    return {number: entry.name for number, entry in TYPES.items()}
