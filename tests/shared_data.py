"""Where the tests find real data that may not be part of the project, and how they skip without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(os.environ.get("SYNDR_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def shared(name: str) -> Path:
    """Give the path of a shared data file, or skip the test where it is absent."""
    path = _ROOT / name
    if not path.exists():
        pytest.skip(f"shared data {name} is not here (set SYNDR_SHARED to its folder)")
    return path
