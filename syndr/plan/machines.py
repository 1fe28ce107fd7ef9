"""What a plan runs on."""

from __future__ import annotations

from dataclasses import dataclass

from syndr.errors import InputError


@dataclass(frozen=True)
class Machines:
    """Equal machines.

    Attributes:
        nodes: How many.
        cpus: Physical cores of all together.
        gpus: GPUs of all together.
        memory: Bytes of memory of each.
    """

    nodes: int
    cpus: int
    gpus: int
    memory: float

    def __post_init__(self) -> None:
        if self.nodes < 1 or self.cpus < 1 or self.gpus < 0 or self.memory <= 0:
            raise InputError(
                f"a plan needs at least one machine with a core and memory, not {self.nodes} machines, {self.cpus} "
                f"cores, {self.gpus} GPUs and {self.memory:g} bytes"
            )
        if self.cpus < self.nodes:
            raise InputError(f"{self.nodes} machines have at least as many cores, not {self.cpus}")
