"""What one call of a backend has done so far: its report and its clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Run:
    """Fills a report while a call goes on.

    Attributes:
        report: ``backend``, ``operation``, ``rows``; ``candidates``, pairs that FAISS gave and float64 decided;
            ``pairs``, those it let stand (for the components of an index that misses pairs, once for each end
            that found one); ``seconds`` by phase; and what the backend adds.
    """

    def __init__(self, backend: str, operation: str, rows: int) -> None:
        self._seconds: dict[str, float] = {}
        self._counts = {"candidates": 0, "pairs": 0}
        self.report: dict[str, Any] = {
            "backend": backend,
            "operation": operation,
            "rows": rows,
            **self._counts,
            "seconds": self._seconds,
        }

    def count(self, candidates: int, pairs: int) -> None:
        """Add to the numbers of pairs."""
        self._counts["candidates"] += candidates
        self._counts["pairs"] += pairs
        self.report.update(self._counts)

    @contextmanager
    def clock(self, phase: str) -> Iterator[None]:
        """Add the time spent inside to a phase."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[phase] = self._seconds.get(phase, 0.0) + time.perf_counter() - start
