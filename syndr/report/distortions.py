"""What a distortion type is called."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec


def distortion_name(number: int) -> str:
    """Give ``"9 JPEG2000"`` for a KADID type; just its number where torch, which makes the types, is not installed."""
    return _names().get(int(number), str(number))


@cache
def _names() -> dict[int, str]:
    if find_spec("torch") is None or find_spec("kornia") is None:
        return {}
    from syndr.distort import TYPES

    return {number: f"{number} {entry.name}" for number, entry in TYPES.items()}
