"""Seconds of a search, phase by phase."""

from __future__ import annotations

import time


class Clock:
    """Seconds of one phase after the other.

    Attributes:
        seconds: By phase, in order.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        """End a phase, which began where the last one ended."""
        now = time.perf_counter()
        self.seconds[phase] = now - self._last
        self._last = now
