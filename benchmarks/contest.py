"""One way to measure everything: who takes part in a work, timed and weighed alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from benchmarks.memory import peak_rss_anon


@dataclass(frozen=True)
class Size:
    """How much to measure, from the command line: ``--rows`` and ``--quick``."""

    rows: int | None
    quick: bool

    def pick(self, full: int, quick: int) -> int:
        """Give the number of rows asked for, or else the suite's own."""
        return self.rows or (quick if self.quick else full)


@dataclass(frozen=True)
class Contestant:
    """Somebody who does the work.

    Attributes:
        name: As the table shows it.
        function: A function at the top level of its module: it is run again in a process of its own for its memory.
        ours: Whether it is syndr's; the first of ours is what the others are compared with.
        needs: The module it cannot do without; it is named as absent where that is not installed.
        rounds: Timed rounds, after one more that warms up.
        most_rows: Rows (of the first array) beyond which it would run out of memory; None for no such limit.
    """

    name: str
    function: Callable[..., Any]
    ours: bool = False
    needs: str | None = None
    rounds: int = 7
    most_rows: int | None = None


def contestants(*all_of_them: Contestant) -> pytest.MarkDecorator:
    """Run a test once for each contestant, under its name."""
    return pytest.mark.parametrize("contestant", all_of_them, ids=[each.name for each in all_of_them])


def compete(
    benchmark: Any, size: Size, contestant: Contestant, work: str, arrays: Sequence[Path], items: int | None = None
) -> Any:
    """Time a contestant over arrays in memory, then weigh it over the same arrays mapped from their files.

    Args:
        benchmark: pytest-benchmark's fixture.
        size: Quick runs take two rounds.
        contestant: Who; skipped when its module is not installed.
        work: Name of the work, the same for all who do it.
        arrays: ``.npy`` files, the function's arguments.
        items: Number of things one call deals with, for a rate.

    Returns:
        What the function gave in its last round.
    """
    if contestant.needs:
        pytest.importorskip(contestant.needs, reason=f"{contestant.needs} is not installed")
    loaded = [np.load(path) for path in arrays]
    if contestant.most_rows is not None and len(loaded[0]) > contestant.most_rows:
        pytest.skip(f"all pairs at once: memory for {contestant.most_rows:,} rows at most")
    result = timed(benchmark, contestant.function, loaded, work, contestant.name, contestant.ours, items,
                   rounds=2 if size.quick else contestant.rounds)  # fmt: skip
    benchmark.extra_info["rss_anon"] = peak_rss_anon(contestant.function, arrays)
    return result


def timed(
    benchmark: Any, function: Callable[..., Any], arguments: Sequence[Any], work: str, name: str, ours: bool,
    items: int | None = None, rounds: int = 7, warm_up: int = 1, before: Callable[[], Any] | None = None,
) -> Any:  # fmt: skip
    """Time calls in this process: ``warm_up``, then ``rounds``; gives the last result.

    ``before`` is called, untimed, before each. The CPU time of all threads is kept too: other work on the machine moves
    it less.
    """
    cpu = []

    def call(*given: Any) -> Any:
        started = time.process_time()
        result = function(*given)
        cpu.append(time.process_time() - started)
        return result

    benchmark.group = work

    def set_up() -> tuple[tuple[Any, ...], dict[str, Any]]:
        if before is not None:
            before()
        return tuple(arguments), {}

    result = benchmark.pedantic(call, setup=set_up, rounds=rounds, warmup_rounds=warm_up)
    benchmark.extra_info.update(contestant=name, ours=ours, items=items, cpu_seconds=median(cpu[-rounds:]))
    return result
