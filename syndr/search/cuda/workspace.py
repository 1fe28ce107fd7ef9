"""Where a search runs: its device, the memory it may take there, which kernels, and the time each phase took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal

import torch

from syndr.errors import InputError, require

Kernels = Literal["auto", "triton", "torch"]

_SHARE_OF_FREE = 0.8  # of a GPU's free memory: others use it too, and allocators round up
_ON_CPU = 2**31


@dataclass
class Clock:
    """Seconds by phase; on a GPU between events in its stream, which costs no waiting until they are asked for."""

    device: torch.device
    _spans: list[tuple[str, Any, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._begun = self._now()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what happens inside towards a phase."""
        start = self._now()
        yield
        self._spans.append((name, start, self._now()))

    def seconds(self) -> dict[str, float]:
        """Give the sum of each phase and the ``total`` so far, once the device has finished."""
        spans = [*self._spans, ("total", self._begun, self._now())]
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        sums: dict[str, float] = {}
        for name, start, end in spans:
            took = end - start if isinstance(start, float) else start.elapsed_time(end) / 1000
            sums[name] = sums.get(name, 0.0) + took
        return sums

    def _now(self) -> Any:
        if self.device.type != "cuda":
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self.device))
        return event


@dataclass(frozen=True)
class Workspace:
    """What every part of one call shares.

    Attributes:
        device: Where tensors live.
        limit: Bytes of the device's memory that the call may take.
        triton: Whether Triton's kernels do the work that plain torch can do too.
        clock: Seconds by phase.
    """

    device: torch.device
    limit: int
    triton: bool
    clock: Clock

    def rows(self, share: int, row_bytes: int) -> int:
        """Give how many rows of ``row_bytes`` fit into one ``share``-th of the limit: at least 1."""
        return max(1, self.limit // (share * row_bytes))


def open_workspace(device: torch.device, memory_limit: int | None, kernels: Kernels) -> Workspace:
    """Give the workspace of one call; the default limit is 80% of the memory free now (2 GiB on a CPU)."""
    if memory_limit is None:
        memory_limit = _ON_CPU
        if device.type == "cuda":
            # What torch's allocator keeps for later counts as free.
            kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
            memory_limit = int(_SHARE_OF_FREE * (torch.cuda.mem_get_info(device)[0] + kept))
    return Workspace(device, memory_limit, uses_triton(device, kernels), Clock(device))


def uses_triton(device: torch.device, kernels: Kernels) -> bool:
    """Decide between Triton's kernels and plain torch.

    Raises:
        InputError: For a choice that does not exist.
        MissingExtraError: When Triton is asked for and not installed.
    """
    if kernels not in ("auto", "triton", "torch"):
        raise InputError(f'kernels must be "auto", "triton" or "torch", not {kernels!r}')
    if kernels == "triton":
        require("triton", "torch")
        return True
    return kernels == "auto" and device.type == "cuda" and find_spec("triton") is not None
