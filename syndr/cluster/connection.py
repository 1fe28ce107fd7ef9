"""The connection to Ray: a cluster that is there, or one of this machine's own for as long as the process lives."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from typing import Any, Literal

from syndr.errors import ClusterError, InputError, require
from syndr.threads import default_threads

#: Who does the work: this process, or Ray's workers.
Engine = Literal["local", "ray"]


@dataclass(frozen=True)
class Cluster:
    """A connected Ray.

    Attributes:
        ray: The module.
        cpus: CPUs of all nodes together: as many tasks of one thread run at once.
        gpus: GPUs of all nodes together.
        nodes: Nodes that are alive.
        store_bytes: Room in all nodes' object stores together.
        seconds: How long connecting took; starting a cluster of one's own takes some seconds.
    """

    ray: Any
    cpus: int
    gpus: int
    nodes: int
    store_bytes: int
    seconds: float

    def remote(self, function: Any, **options: Any) -> Any:
        """Give a function as Ray's workers take it, with this process's settings."""
        chosen = settings()
        if chosen:
            options["runtime_env"] = {"env_vars": chosen}
        return self.ray.remote(**options)(function)


def connect(address: str | None = None) -> Cluster:
    """Connect to Ray, or use the connection that the process has.

    Args:
        address: Of the cluster's head (``"host:6379"``, or ``"auto"`` on a machine of the cluster); the environment's
            ``RAY_ADDRESS`` when None, and without that a cluster on this machine's usable CPUs, which ends with the
            process. Of no effect where the process is connected already.

    Raises:
        MissingExtraError: When Ray is not installed.
        ClusterError: When there is no cluster at the address.
    """
    ray = require("ray", "ray")
    begun = time.perf_counter()
    if not ray.is_initialized():
        _start(ray, address or os.environ.get("RAY_ADDRESS") or None)
    have = ray.cluster_resources()
    return Cluster(
        ray=ray,
        cpus=max(1, int(have.get("CPU", 0))),
        gpus=int(have.get("GPU", 0)),
        nodes=sum(1 for node in ray.nodes() if node["Alive"]),
        store_bytes=int(have.get("object_store_memory", 0)),
        seconds=time.perf_counter() - begun,
    )


def settings() -> dict[str, str]:
    """Give this process's environment variables that choose what this package computes with: workers need them too."""
    return {name: value for name, value in os.environ.items() if name.startswith("SYNDR_")}


def check_engine(engine: str, address: str | None) -> None:
    """Raise InputError unless this is an engine, and the address one that it uses."""
    if engine not in ("local", "ray"):
        raise InputError(f'engine must be "local" or "ray", not {engine!r}')
    if engine == "local" and address is not None:
        raise InputError(f'an address ({address}) goes with engine="ray"; the local engine needs no server')


def _start(ray: Any, address: str | None) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is None:
            ray.init(num_cpus=default_threads(), include_dashboard=False, **common)
        else:
            ray.init(address=address, **common)
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = "on this machine" if address is None else f"at {address}"
        raise ClusterError(
            f"no connection to Ray {where} ({str(error).splitlines()[0]}); start one with: ray start --head, and give "
            "the address that it prints"
        ) from error
