"""How a long run over pictures is shown while it goes: done, rate, time left, set aside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from syndr.cli.console import err
from syndr.images import Rejected

#: Seconds between the lines that take the place of a bar where there is no terminal.
_BETWEEN_LINES = 30.0


@dataclass
class Meter:
    """Counts what a run has done; its methods are the ``progress`` and ``watch`` of :func:`~syndr.features.extract`.

    Attributes:
        shown: Called after each change.
        clock: Seconds, from any start.
        done: Pictures dealt with.
        total: Pictures in all.
        before: Pictures that an earlier, interrupted run had dealt with.
        aside: Pictures set aside.
        seconds: Since the first report.
    """

    shown: Callable[[Meter], None]
    clock: Callable[[], float] = time.monotonic
    stage: str = ""
    done: int = 0
    total: int = 0
    before: int = 0
    aside: int = 0
    seconds: float = 0.0
    _began: float | None = None

    def progress(self, stage: str, done: int, total: int) -> None:
        """Take note of the number of pictures done."""
        if self._began is None:
            self._began, self.before = self.clock(), done
        self.stage, self.done, self.total = stage, done, total
        self.seconds = self.clock() - self._began
        self.shown(self)

    def watch(self, rejected: Rejected) -> None:
        """Take note of a picture set aside."""
        self.aside += 1

    @property
    def rate(self) -> float | None:
        """Pictures per second in this run; None before the first are done."""
        return (self.done - self.before) / self.seconds if self.done > self.before and self.seconds > 0 else None

    def __str__(self) -> str:
        rate = self.rate
        parts = [] if rate is None else [f"{rate:.3g} pictures/s"]
        if rate is not None and self.done < self.total:
            parts.append(f"{_duration((self.total - self.done) / rate)} left")
        return ", ".join([*parts, f"{self.aside} set aside"])


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


@contextmanager
def meter(console: Console = err) -> Iterator[Meter]:
    """Show a bar on a terminal; elsewhere, a line every half minute and when all is done."""
    if not console.is_terminal:
        yield Meter(_lines(console))
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[state]}"))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=None, state="")

        def show(state: Meter) -> None:
            bar.update(task, description=state.stage, completed=state.done, total=state.total, state=str(state))

        yield Meter(show)


def _lines(console: Console) -> Callable[[Meter], None]:
    last = 0.0

    def show(state: Meter) -> None:
        nonlocal last
        if state.done == state.total or state.seconds - last >= _BETWEEN_LINES:
            last = state.seconds
            text = f"{state.stage}: {state.done} of {state.total}, {state}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)

    return show
