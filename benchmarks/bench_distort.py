"""Distorting pictures on the CPU: each type and all of them, in batches of 1, 8 and 32, beside per-image libraries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from benchmarks.contest import Size, timed  # noqa: E402
from benchmarks.per_image import PEERS, Peer, distort_all  # noqa: E402
from benchmarks.pictures import photographs  # noqa: E402
from syndr.distort import TYPES, distort  # noqa: E402

HEIGHT, WIDTH = 384, 512  # KADID's size
BATCHES = (32, 8, 1)
#: The public port has neither, so that calls over all types are compared without them.
NOT_IN_THE_PORT = (6, 15)
SLOW = (9, 15)
KINDS = (*TYPES, "mixed")


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


@pytest.mark.parametrize("by", ["syndr", "syndr, torch only"])
def test_one_call_over_all_types_and_levels(benchmark: Any, size: Size, by: str) -> None:
    """The call of which the public port's time is known: 23 types x 5 levels of one picture, float32."""
    jobs = [(number, level) for number in TYPES if number not in NOT_IN_THE_PORT for level in range(1, 6)]
    types, levels = zip(*(jobs[::10] if size.quick else jobs), strict=True)
    image = photographs(1, HEIGHT, WIDTH).float() / 255
    images = image.expand(len(types), -1, -1, -1).contiguous()
    work = f"one call: {len(types)} pictures, all types but {' and '.join(map(str, NOT_IN_THE_PORT))}"
    arguments = (images, types, levels, range(len(types)))
    rounds = 2 if size.quick else 9
    if by == "syndr":
        timed(benchmark, distort, arguments, work, by, True, len(types), rounds)
    else:
        with torch_only():
            timed(benchmark, distort, arguments, work, by, True, len(types), rounds)
