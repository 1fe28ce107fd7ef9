"""Numbered tasks on a pool of workers that each hold something heavy, such as a network: Ray Data's actor pool."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from typing import Any

from syndr import errors
from syndr.cluster.connection import Cluster, settings
from syndr.cluster.flow import explained
from syndr.errors import SyndrError, require


class _Held:
    """What a worker holds, as Ray Data calls it."""

    def __init__(self, maker: Callable[..., Callable[[int], bytes]], arguments: Any, chosen: dict[str, str]) -> None:
        ray = require("ray", "ray")
        os.environ.update(chosen)
        self._work = maker(**ray.get(arguments))

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        [task] = batch["id"]
        try:
            return {"result": [self._work(int(task))], "error": [""], "message": [""]}
        except SyndrError as error:  # as a result, for Ray Data wraps what is raised beyond recognition
            return {"result": [b""], "error": [type(error).__name__], "message": [str(error)]}


def in_order(
    cluster: Cluster,
    maker: Callable[..., Callable[[int], bytes]],
    arguments: Mapping[str, Any],
    tasks: int,
    on_gpu: bool,
) -> Generator[bytes, None, None]:
    """Have a pool of workers do tasks 0, 1, ..., and give their results in this order.

    A worker whose process dies is started anew and does its task again. Ray Data starts no more tasks than its object
    store has room for results, so a slow caller holds the workers back.

    Args:
        cluster: Where they run.
        maker: Makes what a worker holds: a function of a task's number.
        arguments: For ``maker``; sent to each node once.
        tasks: How many.
        on_gpu: Whether a worker takes a GPU; otherwise it takes one CPU.

    Yields:
        The results.

    Raises:
        SyndrError: What a task raised.
        ClusterError: When workers died again and again.
    """
    data = require("ray.data", "ray")
    if not tasks:
        return
    workers = cluster.gpus if on_gpu else cluster.cpus
    numbers = data.from_items([{"id": task} for task in range(tasks)], override_num_blocks=tasks)
    results = numbers.map_batches(
        _Held,
        fn_constructor_args=(maker, cluster.ray.put(dict(arguments)), settings()),
        batch_size=1,
        num_gpus=1 if on_gpu else None,
        num_cpus=None if on_gpu else 1,
        concurrency=(1, min(workers, tasks)),
    )
    results.context.execution_options.preserve_order = True
    results.context.enable_progress_bars = False
    with explained(cluster):
        for row in results.iter_rows():
            if row["error"]:
                raise getattr(errors, row["error"])(row["message"])
            yield row["result"]
