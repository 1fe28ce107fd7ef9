"""Choosing an exact backend by the size of the work and the machine, and saying why."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr.progress import Progress, silent
from syndr.search.exact import ExactSearch
from syndr.search.protocol import LabelGap, Pairs, Search
from syndr.search.rows import Rows

#: Numbers (rows x dims) from which a GPU is asked for: below, the CPU is done before torch and the device are up.
LARGE = 1 << 27

_DRIVERS = (Path("/proc/driver/nvidia/version"), Path("/dev/dxg"))


class AutoSearch:
    """The exact CPU engine, or the CUDA backend for large work on a machine with such a device; never an inexact one.

    Args:
        cuda: Makes the CUDA backend; None where there is none to choose.

    Attributes:
        report: ``backend`` and ``why`` of the last call, and what that backend reports.
    """

    name = "auto"
    exact = True

    def __init__(self, cuda: Callable[[], Search] | None = None) -> None:
        self._cuda = cuda
        self.report: dict[str, Any] = {}

    def pairs(self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent) -> Pairs:
        """See :meth:`syndr.search.protocol.Search.pairs`."""
        chosen = self._choose(rows)
        found = chosen.pairs(rows, radius, gap, progress)
        self._note(chosen)
        return found

    def components(
        self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent
    ) -> npt.NDArray[np.int64]:
        """See :meth:`syndr.search.protocol.Search.components`."""
        chosen = self._choose(rows)
        found = chosen.components(rows, radius, gap, progress)
        self._note(chosen)
        return found

    def nearest(
        self,
        queries: Rows,
        base: Rows,
        k: int = 1,
        query_groups: npt.NDArray[np.int64] | None = None,
        base_groups: npt.NDArray[np.int64] | None = None,
        progress: Progress = silent,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """See :meth:`syndr.search.protocol.Search.nearest`."""
        chosen = self._choose(queries, base)
        found = chosen.nearest(queries, base, k, query_groups, base_groups, progress)
        self._note(chosen)
        return found

    def _choose(self, *rows: Rows) -> Search:
        numbers = sum(part.features.size for part in rows)
        absent = self._against_cuda(numbers)
        if absent is None and self._cuda is not None:
            chosen, why = self._cuda(), f"the CUDA backend, as torch sees a device and {numbers:,} numbers are worth it"
        else:
            chosen, why = ExactSearch(), f"the exact CPU engine, as {absent}"
        self.report = {"backend": chosen.name, "why": why}
        return chosen

    def _note(self, chosen: Search) -> None:
        self.report = {**chosen.report, **self.report}

    def _against_cuda(self, numbers: int) -> str | None:
        """Say what speaks against CUDA, cheapest question first; None when nothing does."""
        if self._cuda is None:
            return "there is no CUDA backend"
        if numbers < LARGE:
            return f"{numbers:,} numbers (rows x dims) are too few for a GPU to pay, which is from {LARGE:,}"
        torch: Any = sys.modules.get("torch")
        if torch is None:
            if find_spec("torch") is None:
                return "torch is not installed"
            if not any(path.exists() for path in _DRIVERS) and which("nvidia-smi") is None:
                return "there is no NVIDIA driver"
            torch = import_module("torch")
        return None if torch.cuda.is_available() else "torch sees no CUDA device"
