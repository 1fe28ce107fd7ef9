"""How long work reports itself: a plain callable, so that the library never prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Receives the state of a long job; called from the thread that started it."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note that ``done`` of ``total`` steps of ``stage`` are finished."""


def silent(stage: str, done: int, total: int) -> None:
    """Report nothing: the default of every ``progress=`` argument."""


def track(items: Iterable[T], stage: str, total: int, progress: Progress, before: int = 0) -> Iterator[T]:
    """Yield ``items`` one by one, reporting after each is dealt with; ``before`` of the total were earlier."""
    progress(stage, before, total)
    for done, item in enumerate(items, start=before + 1):
        yield item
        progress(stage, done, total)
