"""Distorting pictures on the CPU: each type and all of them, in batches of 1, 8 and 32, beside per-image libraries."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from benchmarks import arniqa  # noqa: E402
from benchmarks.contest import Size, timed  # noqa: E402
from benchmarks.per_image import PEERS, Peer, distort_all  # noqa: E402
from benchmarks.pictures import photographs  # noqa: E402
from syndr.distort import TYPES, distort  # noqa: E402

HEIGHT, WIDTH = 384, 512  # KADID's size
BATCHES = (32, 8, 1)
SLOW = (9, 15)
KINDS = (*TYPES, "mixed")
OURS, TORCH_ONLY = "syndr", "syndr, torch only"


@contextmanager
def torch_only() -> Iterator[None]:
    """Switch the CPU kernels off."""
    os.environ["SYNDR_DISTORT"] = "torch"
    try:
        yield
    finally:
        del os.environ["SYNDR_DISTORT"]


class Work:
    """Pictures as float32, each with a type and a level, and the calls that distort them all."""

    def __init__(self, size: Size, kind: int | str) -> None:
        count = size.rows or (2 if size.quick else 32)
        self.pictures = photographs(count, HEIGHT, WIDTH)
        self.images = self.pictures.float() / 255
        numbers = list(TYPES)
        # 7 has no divisor in common with 25: every type comes about as often, with all levels.
        self.types = [numbers[7 * row % len(numbers)] if kind == "mixed" else kind for row in range(count)]
        self.levels = [1 + row % 5 for row in range(count)]
        name = "all types mixed" if kind == "mixed" else f"{kind} {TYPES[int(kind)].name}"
        self.name = f"{name}, {count} pictures"
        self.rounds = 2 if size.quick or kind in SLOW else 7

    def run(self, batch: int) -> None:
        """Distort all pictures in calls of this many."""
        for start in range(0, len(self.images), batch):
            part = slice(start, start + batch)
            types, levels = self.types[part], self.levels[part]
            distort(self.images[part], types, levels, range(start, start + len(types)))


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("kind", KINDS)
def test_syndr(benchmark: Any, size: Size, kind: int | str, batch: int) -> None:
    work = Work(size, kind)
    timed(benchmark, work.run, (batch,), work.name, f"syndr, batch {batch}", True, len(work.types),
          work.rounds)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_torch_only(benchmark: Any, size: Size, kind: int | str) -> None:
    work = Work(size, kind)
    with torch_only():
        timed(benchmark, work.run, (BATCHES[0],), work.name, f"syndr, torch only, batch {BATCHES[0]}", True,
              len(work.types), min(work.rounds, 3))  # fmt: skip


@pytest.mark.parametrize(
    ("number", "peer"),
    [pytest.param(number, peer, id=f"{number} {peer.library}") for number, peers in PEERS.items() for peer in peers],
)
def test_peer(benchmark: Any, size: Size, number: int, peer: Peer) -> None:
    pytest.importorskip(peer.needs, reason=f"{peer.library} is not installed")
    work = Work(size, number)
    pictures = list(work.pictures.permute(0, 2, 3, 1).contiguous().numpy())
    timed(benchmark, distort_all, (peer, number, pictures, work.levels), work.name, f"{peer.library}, per image", False,
          len(pictures), min(work.rounds, 3))  # fmt: skip


@pytest.fixture(scope="module")
def port(remarks: list[str]) -> arniqa.Port:
    port = arniqa.load()
    remarks += [f"ARNIQA's port fails here in type {number} ({why})." for number, why in port.failures.items()]
    return port


@pytest.mark.parametrize("number", arniqa.NAMES)
def test_arniqa(benchmark: Any, size: Size, port: arniqa.Port, number: int) -> None:
    if number in port.failures:
        pytest.skip("ARNIQA's port fails here")
    work = Work(size, number)
    timed(benchmark, port.distort_all, (work.images, work.types, work.levels), work.name, arniqa.CONTESTANT, False,
          len(work.types), 2)  # fmt: skip


class OneCall:
    """One picture, float32, distorted by each of these types at each level: the calls' arguments and their name."""

    def __init__(self, size: Size, numbers: Collection[int], which: str) -> None:
        jobs = [(number, level) for number in numbers for level in range(1, 6)]
        self.types, self.levels = zip(*(jobs[::10] if size.quick else jobs), strict=True)
        image = photographs(1, HEIGHT, WIDTH).float() / 255
        self.images = image.expand(len(self.types), -1, -1, -1).contiguous()
        self.name = f"one call: {len(self.types)} pictures, {which}"
        self.rounds = 2 if size.quick else 9

    def time(self, benchmark: Any, by: str) -> None:
        """Time our call, with the CPU kernels or without."""
        arguments = (self.images, self.types, self.levels, range(len(self.types)))
        with torch_only() if by == TORCH_ONLY else nullcontext():
            timed(benchmark, distort, arguments, self.name, by, True, len(self.types), self.rounds)


@pytest.mark.parametrize("by", [OURS, TORCH_ONLY])
def test_one_call_over_all_types_and_levels(benchmark: Any, size: Size, by: str) -> None:
    """All the types that the public port has: 23 types x 5 levels."""
    OneCall(size, arniqa.NAMES, "all types but 6 and 15").time(benchmark, by)


@pytest.mark.parametrize("by", [OURS, TORCH_ONLY, arniqa.CONTESTANT])
def test_one_call_beside_arniqa(benchmark: Any, size: Size, port: arniqa.Port, by: str) -> None:
    """The same beside the port, without the types in which it fails here."""
    numbers = [number for number in arniqa.NAMES if number not in port.failures]
    without = ", ".join(str(number) for number in TYPES if number not in numbers)
    call = OneCall(size, numbers, f"beside ARNIQA's port, without types {without}")
    if by == arniqa.CONTESTANT:
        timed(benchmark, port.distort_all, (call.images, call.types, call.levels), call.name, by, False,
              len(call.types), min(call.rounds, 3))  # fmt: skip
    else:
        call.time(benchmark, by)
