"""From main memory to a device, and work beside the device's other work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


def send(values: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """Give a tensor on a device without waiting for the work which that has to do before.

    To CUDA it goes through page-locked memory: from any other, torch would wait for all work that was given before.
    """
    if torch.device(device).type != "cuda" or values.is_cuda:
        return values.to(device)
    return (values if values.is_pinned() else values.pin_memory()).to(device, non_blocking=True)


def on_this_stream(work: Callable[[T], R], device: torch.device | str) -> Callable[[T], R]:
    """Let what other threads do on a device join this thread's stream there: each thread has one of its own."""
    if torch.device(device).type != "cuda":
        return work
    stream = torch.cuda.current_stream(torch.device(device))

    def there(item: T) -> R:
        with torch.cuda.stream(stream):
            return work(item)

    return there


class Aside:
    """A stream of its own for whoever makes pictures on a GPU while a model trains there.

    In one stream a maker that fetches a number would wait for every step of training begun before. Elsewhere than on
    CUDA it does nothing.

    Args:
        device: Where; what has been begun there so far is done first.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
        self._device = device
        if self._stream is not None:
            self._stream.wait_stream(torch.cuda.current_stream(device))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let this thread give its work to the stream for a block."""
        with torch.cuda.stream(self._stream):  # None changes nothing
            yield

    def mark(self) -> torch.cuda.Event | None:
        """Give the point that the stream's work has come to."""
        return None if self._stream is None else self._stream.record_event()

    def take(self, made: torch.Tensor, mark: torch.cuda.Event | None) -> torch.Tensor:
        """Give what was made up to a mark to this thread's own stream, which waits for it; the thread does not."""
        if mark is not None and made.is_cuda:
            own = torch.cuda.current_stream(self._device)
            own.wait_event(mark)
            made.record_stream(own)
        return made
