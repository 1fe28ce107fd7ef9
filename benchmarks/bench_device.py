"""Distorting pictures and computing features, on the CPU and on a GPU where there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from benchmarks.contest import Size, timed  # noqa: E402
from benchmarks.pictures import photographs  # noqa: E402
from syndr.distort import TYPES, NvImageCodec, distort, set_jpeg_codec  # noqa: E402
from syndr.features import build_backbone  # noqa: E402

HEIGHT, WIDTH = 384, 512  # KADID's size
DEVICES = pytest.mark.parametrize("device", ["cpu", "cuda"])
CUDA_BATCH = 64  # the most pictures to a call


def _measure(
    benchmark: Any, device: str, work: str, count: int, function: Callable[[], Any], size: Size, how: str = ""
) -> None:
    """Time work on this many things whose result stays on the device, until the device has finished it."""
    on_gpu = device == "cuda"

    def run() -> None:
        function()
        if on_gpu:
            torch.cuda.synchronize()

    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    name = f"syndr on {torch.cuda.get_device_name() if on_gpu else 'CPU'}, {how or f'batch {count}'}"
    timed(benchmark, run, (), work, name, ours=True, items=count, rounds=2 if size.quick else 7)
    if on_gpu:
        benchmark.extra_info["gpu_peak_mib"] = round(torch.cuda.max_memory_allocated() / 2**20)


def _batch(size: Size, device: str, cpu: int, cuda: int) -> int:
    if (device == "cuda") != torch.cuda.is_available():
        pytest.skip("no CUDA device" if device == "cuda" else "there is a CUDA device")
    return size.rows or (2 if size.quick else {"cpu": cpu, "cuda": cuda}[device])


#: These go through codecs, loops or searches on the CPU.
ON_THE_CPU = (6, 9, 10, 22)
#: Without them, and without the network of type 15.
ON_DEVICE = [number for number in TYPES if number not in (*ON_THE_CPU, 15)]
MIXES = {"mixed": list(TYPES), "mixed on the device": ON_DEVICE}


class Pictures:
    """Pictures on a device, each with a type of this kind and a level, and the calls that distort them all."""

    def __init__(self, kind: Any, count: int, device: str) -> None:
        numbers = MIXES.get(kind, [kind])
        self.images = photographs(count, HEIGHT, WIDTH, device)
        self.types = [numbers[row % len(numbers)] for row in range(count)]
        self.levels = np.random.default_rng(0).integers(1, 6, count).tolist()  # tied to neither type nor row
        what = f"{len(numbers)} types mixed" if kind in MIXES else f"type {kind}, {TYPES[kind].name}"
        self.work = f"distort: {what}, {WIDTH}x{HEIGHT}"

    def distort(self, batch: int = CUDA_BATCH) -> list[torch.Tensor]:
        """Distort all of them in calls of this many."""
        parts = [slice(start, start + batch) for start in range(0, len(self.types), batch)]
        rows = range(len(self.types))
        return [distort(self.images[part], self.types[part], self.levels[part], rows[part]) for part in parts]


@DEVICES
@pytest.mark.parametrize("kind", [*TYPES, *MIXES])
def test_distort(benchmark: Any, size: Size, device: str, kind: Any) -> None:
    count = _batch(size, device, cpu=10, cuda=8 if kind in ON_THE_CPU else CUDA_BATCH)
    pictures = Pictures(kind, count, device)
    _measure(benchmark, device, pictures.work, count, lambda: pictures.distort(count), size)


@pytest.mark.parametrize("batch", [1, 8, 32])
@pytest.mark.parametrize("kind", MIXES)
def test_distort_in_smaller_batches(benchmark: Any, size: Size, kind: str, batch: int) -> None:
    """The same pictures as in one call, so that every type has its share in each."""
    count = _batch(size, "cuda", cpu=0, cuda=CUDA_BATCH)
    pictures = Pictures(kind, count, "cuda")
    _measure(benchmark, "cuda", pictures.work, count, lambda: pictures.distort(batch), size, f"batch {batch}")


def test_jpeg_on_the_gpu(benchmark: Any, size: Size) -> None:
    """JPEG by nvJPEG beside the CPU's codec, which is the default, and how far its pictures are from that one's."""
    count = _batch(size, "cuda", cpu=0, cuda=CUDA_BATCH)
    pytest.importorskip("nvidia.nvimgcodec", reason="nvImageCodec is not installed")
    pictures = Pictures(10, count, "cuda")
    expected = torch.cat(pictures.distort())
    set_jpeg_codec(NvImageCodec())
    try:
        how = f"nvJPEG, batch {count}"
        _measure(benchmark, "cuda", pictures.work, count, lambda: pictures.distort(count), size, how)
        error = (torch.cat(pictures.distort()).double() - expected.double()).square().mean()
    finally:
        set_jpeg_codec(None)
    benchmark.extra_info["psnr_to_cpu_codec_db"] = round(10 * (255**2 / error).log10().item(), 2)


@DEVICES
def test_floor(benchmark: Any, size: Size, device: str) -> None:
    """The least there is to do: the bytes of a batch read once and written once."""
    count = _batch(size, device, cpu=10, cuda=CUDA_BATCH)
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
