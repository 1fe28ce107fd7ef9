"""A bounded flow of tasks: so many under way that no worker waits, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from syndr.cluster.connection import Cluster
from syndr.errors import ClusterError, SyndrError


def completed(cluster: Cluster, tasks: Iterable[Callable[[], Any]], at_once: int) -> Iterator[tuple[int, Any]]:
    """Start tasks in order, with never more than ``at_once`` under way, and give each result as soon as it is there.

    Args:
        cluster: Where they run.
        tasks: Functions that submit a task and give its reference; each is called when there is room for it.
        at_once: Most tasks submitted and not yet given back: the bound on what they hold in memory together.

    Yields:
        The number of a task and its result, in the order in which they end.

    Raises:
        SyndrError: What a task raised; the other tasks are given up.
        ClusterError: When a task's worker died again and again.
    """
    waiting = enumerate(tasks)
    running: dict[Any, int] = {}
    try:
        while True:
            while len(running) < at_once and (entry := next(waiting, None)) is not None:
                running[entry[1]()] = entry[0]
            if not running:
                return
            [done], _ = cluster.ray.wait(list(running), num_returns=1)
            number = running.pop(done)
            with explained(cluster):
                result = cluster.ray.get(done)
            yield number, result
    finally:
        for reference in running:
            cluster.ray.cancel(reference)


@contextmanager
def explained(cluster: Cluster) -> Iterator[None]:
    """Raise what a task raised as itself, and say what to do when workers are lost."""
    errors = cluster.ray.exceptions
    try:
        yield
    except errors.RayTaskError as error:
        if isinstance(error.cause, SyndrError):
            raise error.cause from error
        raise
    except errors.RayError as error:
        raise ClusterError(
            f"a task was lost with its worker, each time it was tried ({str(error).splitlines()[0]}); look at the "
            "workers' memory and logs (ray status, ray logs), and run again"
        ) from error
