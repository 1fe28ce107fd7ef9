"""A virtual data set written to files by Ray's workers, into a folder that all nodes see."""

from __future__ import annotations

import platform
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from syndr.cluster import connect, in_order
from syndr.errors import ClusterError
from syndr.progress import Progress
from syndr.virtual.materialize import write_pictures

if TYPE_CHECKING:
    from syndr.virtual.dataset import VirtualDataset

#: Least rows of a task: enough work for the handing over not to count.
_ROWS = 64


class Materializer:
    """A worker: it holds the data set, and writes the pictures of a task."""

    def __init__(self, dataset: VirtualDataset, tasks: list[tuple[int, int]], folder: Path, format: str) -> None:
        self._dataset, self._tasks, self._folder, self._format = dataset, tasks, folder, format

    def __call__(self, task: int) -> bytes:
        """Write the pictures of a task; gives what is wrong with those that could not be made."""
        if not self._folder.is_dir():
            raise ClusterError(
                f"{self._folder}: not there on node {platform.node()}; put it on a file system that all nodes share"
            )
        rows = range(*self._tasks[task])
        return msgspec.msgpack.encode(write_pictures(self._dataset, rows, self._folder, self._format, threads=1))


def write_on_ray(
    dataset: VirtualDataset, folder: Path, format: str, progress: Progress, address: str | None
) -> dict[int, str]:
    """Do what :func:`write_pictures` does for all rows, on one worker for each CPU, or GPU where the data set is there.

    Every picture is written whole by whoever makes it, so a run that is cut short goes on from what is there. A worker
    needs memory for the table and the pictures of one reference.

    Raises:
        ClusterError: When a GPU is asked for and the cluster has none, or a node does not see the folder.
    """
    cluster = connect(address)
    on_gpu = dataset.device.startswith("cuda")
    if on_gpu and not cluster.gpus:
        raise ClusterError("the cluster has no GPU; add a node with one, or synthesize on the CPU (device='cpu')")
    tasks = _tasks(dataset)
    arguments = {"dataset": dataset, "tasks": tasks, "folder": folder.resolve(), "format": format}
    problems: dict[int, str] = {}
    progress("materialize", 0, len(dataset))
    with closing(in_order(cluster, Materializer, arguments, len(tasks), on_gpu)) as results:
        for (_, last), result in zip(tasks, results, strict=True):
            problems |= msgspec.msgpack.decode(result, type=dict[int, str])
            progress("materialize", last, len(dataset))
    return problems


def _tasks(dataset: VirtualDataset) -> list[tuple[int, int]]:
    """Cut the rows where the reference changes, once there are enough."""
    paths = dataset.samples.table["path"].to_pylist()
    cuts = [0]
    for row in range(1, len(paths)):
        if row - cuts[-1] >= _ROWS and paths[row] != paths[row - 1]:
            cuts.append(row)
    return list(zip(cuts, [*cuts[1:], len(paths)], strict=True)) if paths else []
