"""An extraction on Ray's workers: each holds the network and computes whole batches, which come back in table order."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Any

import msgspec
import numpy as np

from syndr.cluster import Cluster, connect, in_order
from syndr.errors import ClusterError
from syndr.features.backbones import Backbone
from syndr.features.batches import Computed, Pictures, compute
from syndr.features.forward import Forward
from syndr.features.unfinished import Facts
from syndr.images.rejected import Rejected

_BATCHES_FOR_GPU = 8  # of one task, so that decoding runs ahead of the device


class _Sent(msgspec.Struct, array_like=True):
    """A batch on its way back."""

    shape: tuple[int, int]
    features: bytes
    rejected: list[Rejected]
    facts: list[Facts]


class Extractor:
    """A worker: it holds the network, and computes the rows of a task."""

    def __init__(
        self,
        pictures: Pictures,
        backbone: Backbone,
        start: int,
        batch_size: int,
        batches: int,
        threads: int | None,
        forward: dict[str, Any],
    ) -> None:
        self._pictures = pictures
        self._start = start
        self._batch_size = batch_size
        self._rows = batches * batch_size
        self._threads = threads
        self._forward = Forward(backbone, **forward)
        self._forward.__enter__()  # for as long as the worker lives

    def __call__(self, task: int) -> bytes:
        """Compute the batches of a task."""
        first = self._start + task * self._rows
        rows = range(first, min(first + self._rows, len(self._pictures.samples)))
        computed = compute(self._pictures, rows, self._batch_size, self._threads, self._forward)
        return msgspec.msgpack.encode(
            [
                _Sent(each.features.shape, each.features.tobytes(), each.rejected, each.facts)  # type: ignore[arg-type]
                for each in computed
            ]
        )


def compute_on_ray(
    pictures: Pictures,
    backbone: Backbone,
    start: int,
    batch_size: int,
    threads: int | None,
    forward: dict[str, Any],
    address: str | None,
) -> Generator[Computed, None, None]:
    """Give what each batch from row ``start`` on comes to, in order, computed by one worker for each CPU or GPU.

    A worker needs memory for the network and two batches. Pictures must be readable on every node under the same name.

    Args:
        pictures: Where pictures come from.
        backbone: The network.
        start: The first row, the first of a batch.
        batch_size: Pictures of a batch.
        threads: Decoding threads of each worker; by default its share of the cores.
        forward: Further arguments of :class:`Forward`.
        address: See :func:`syndr.cluster.connect`.

    Raises:
        ClusterError: When a GPU is asked for and the cluster has none.
    """
    cluster = connect(address)
    on_gpu = str(forward["device"]).startswith("cuda")
    if on_gpu and not cluster.gpus:
        raise ClusterError("the cluster has no GPU; add a node with one, or extract on the CPU (device='cpu')")
    batches = _BATCHES_FOR_GPU if on_gpu else 1
    if on_gpu and threads is None:
        threads = max(1, cluster.cpus // cluster.gpus)  # else each worker would take all cores of its node
    arguments = {
        "pictures": pictures,
        "backbone": backbone,
        "start": start,
        "batch_size": batch_size,
        "batches": batches,
        "threads": threads,
        "forward": forward,
    }
    tasks = -(-(len(pictures.samples) - start) // (batches * batch_size))
    yield from _received(cluster, arguments, tasks, on_gpu)


def _received(cluster: Cluster, arguments: dict[str, Any], tasks: int, on_gpu: bool) -> Generator[Computed, None, None]:
    with closing(in_order(cluster, Extractor, arguments, tasks, on_gpu)) as results:
        for result in results:
            for sent in msgspec.msgpack.decode(result, type=list[_Sent]):
                features = np.frombuffer(sent.features, dtype=np.float32).reshape(sent.shape)
                yield Computed(features, sent.rejected, sent.facts)
