"""Distorting pictures and computing features, on the CPU and on a GPU where there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from benchmarks.contest import Size, timed  # noqa: E402
from benchmarks.pictures import photographs  # noqa: E402
from syndr.distort import TYPES, distort  # noqa: E402
from syndr.features import build_backbone  # noqa: E402

HEIGHT, WIDTH = 384, 512  # KADID's size
DEVICES = pytest.mark.parametrize("device", ["cpu", "cuda"])


def _measure(benchmark: Any, device: str, work: str, count: int, function: Callable[[], Any], size: Size) -> None:
    """Time a call that leaves its result on the device, until the device has finished it."""
    on_gpu = device == "cuda"

    def run() -> None:
        function()
        if on_gpu:
            torch.cuda.synchronize()

    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    name = f"syndr on {torch.cuda.get_device_name() if on_gpu else 'CPU'}, batch {count}"
    timed(benchmark, run, (), work, name, ours=True, items=count, rounds=2 if size.quick else 10 if on_gpu else 5)
    if on_gpu:
        benchmark.extra_info["gpu_peak_mib"] = round(torch.cuda.max_memory_allocated() / 2**20)


def _batch(size: Size, device: str, cpu: int, cuda: int) -> int:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return size.rows or (2 if size.quick else {"cpu": cpu, "cuda": cuda}[device])


#: Without the types that go through codecs, loops or searches on the CPU, and without the network of type 15.
ON_DEVICE = [number for number in TYPES if number not in (6, 9, 10, 15, 22)]
MIXES = {"mixed": list(TYPES), "mixed on the device": ON_DEVICE}


@DEVICES
@pytest.mark.parametrize("kind", [*TYPES, *MIXES])
def test_distort(benchmark: Any, size: Size, device: str, kind: Any) -> None:
    count = _batch(size, device, cpu=10, cuda=64)
    images = photographs(count, HEIGHT, WIDTH, device)
    rows = range(count)
    numbers = MIXES.get(kind, [kind])
    types = [numbers[row % len(numbers)] for row in rows]
    levels = [1 + row % 5 for row in rows]
    what = f"{len(numbers)} types mixed" if kind in MIXES else f"type {kind}, {TYPES[kind].name}"
    work = f"distort: {what}, {WIDTH}x{HEIGHT}"
    _measure(benchmark, device, work, count, lambda: distort(images, types, levels, list(rows)), size)


@DEVICES
def test_floor(benchmark: Any, size: Size, device: str) -> None:
    """The least there is to do: the bytes of a batch read once and written once."""
    count = _batch(size, device, cpu=10, cuda=64)
    images = photographs(count, HEIGHT, WIDTH, device)
    _measure(benchmark, device, f"floor: a copy of the pictures, {WIDTH}x{HEIGHT}", count, images.clone, size)


@DEVICES
def test_features(benchmark: Any, size: Size, device: str) -> None:
    count = _batch(size, device, cpu=8, cuda=256)
    network = build_backbone("resnet50", weights="random").to(device)
    images = photographs(count, 224, 224, device) / 255

    def forward() -> Any:
        with torch.inference_mode():
            return network(images)

    _measure(benchmark, device, "features: ResNet-50 forward, float32, 224x224", count, forward, size)
