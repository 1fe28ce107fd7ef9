"""Extracting features end to end, beside its parts alone and beside the loop of torchvision's documentation."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from benchmarks.contest import Size, timed  # noqa: E402
from benchmarks.memory import rss_anon  # noqa: E402
from benchmarks.pictures import photographs  # noqa: E402
from syndr.features import Backbone, build_backbone, extract  # noqa: E402
from syndr.features.forward import Forward  # noqa: E402
from syndr.images import read_ahead, read_picture, samples_from_folder  # noqa: E402
from syndr.samples import Samples  # noqa: E402
from syndr.threads import default_threads  # noqa: E402

HEIGHT, WIDTH, CROP = 384, 512, 224
ROWS, QUICK = 320, 48
DISTINCT = 100
#: A run that memory is watched over: the first and the last third are compared.
LONG, QUICK_LONG = 3000, 96
BATCH = {"cpu": 32, "cuda": 256}

CASES = pytest.mark.parametrize(
    ("name", "device"), [(name, device) for name in ("efficientnet_lite0", "resnet50") for device in BATCH]
)


@pytest.fixture(scope="module")
def pool(size: Size, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return jpeg_files(tmp_path_factory.mktemp("pool"), size.pick(ROWS, QUICK))


def jpeg_files(folder: Path, rows: int) -> Samples:
    """Write JPEG files of KADIS's size into the folder of a class, as torchvision's ``ImageFolder`` wants them."""
    from PIL import Image

    (folder / "class").mkdir()
    distinct = photographs(min(rows, DISTINCT), HEIGHT, WIDTH).permute(0, 2, 3, 1).numpy()
    paths = [folder / "class" / f"{row:06}.jpg" for row in range(rows)]
    for row, path in enumerate(paths):
        if row < len(distinct):
            Image.fromarray(distinct[row]).save(path, quality=92)
        else:
            shutil.copyfile(paths[row % len(distinct)], path)
    return samples_from_folder(folder)


@pytest.fixture
def backbone(name: str, device: str) -> Backbone:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return build_backbone(name, weights="random")


@pytest.fixture
def measure(benchmark: Any, size: Size, name: str, device: str, pool: Samples) -> Callable[..., None]:
    def measure(
        who: str, ours: bool, work: Callable[[], Any], rounds: int, before: Callable[[], Any] | None = None
    ) -> None:
        where = torch.cuda.get_device_name() if device == "cuda" else "CPU"
        named = f"features of {len(pool)} JPEG files, {WIDTH}x{HEIGHT}: {name} on {where}"
        timed(benchmark, work, (), named, who, ours, len(pool), 2 if size.quick else rounds, before=before)

    return measure


@CASES
def test_end_to_end(
    measure: Callable[..., None], backbone: Backbone, name: str, device: str, pool: Samples, tmp_path: Path,
    remarks: list[str],
) -> None:  # fmt: skip
    """Extraction, and in turn with it its parts alone: a machine's pace changes from one minute to the next."""
    batch, paths = photographs(BATCH[device], CROP, CROP), list(pool["path"])
    seconds: dict[str, list[float]] = {"forward": [], "decoding": [], "whole": []}

    def whole() -> None:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        extract(pool, backbone, tmp_path / "out", BATCH[device], CROP, device=device)

    def forward() -> None:
        """Pictures that are in memory already through the network, as extraction does it."""
        with Forward(backbone, device, "float32", compile=False) as network:
            given = batch.pin_memory() if network.pinned else batch
            for wait in [network.submit(given) for _ in range(-(-len(pool) // len(batch)))]:
                wait()

    def decoding() -> None:
        """Files to central squares on all cores, and nothing done with them."""
        for _ in read_ahead(paths, lambda path: read_picture(path, square=CROP), ahead=64):
            pass

    def parts() -> None:
        for part in (forward, decoding):
            seconds[part.__name__].append(clocked(part))

    def run() -> None:
        seconds["whole"].append(clocked(whole))

    measure("syndr", True, run, rounds=5, before=parts)
    f, d, both = (np.array(seconds[part][1:]) / len(pool) for part in seconds)  # the first round warms up
    possible = f + d if device == "cpu" else np.maximum(f, d)
    low, share, high = np.quantile(possible / both, (0.25, 0.5, 0.75))
    remarks.append(
        f"{name} on {device}: forward alone f = {np.median(f) * 1e3:.2f} ms a picture, decoding alone d = "
        f"{np.median(d) * 1e3:.2f} ms; end to end at {share:.0%} of "
        f"{'1/(f + d)' if device == 'cpu' else 'the slower of them'} ({low:.0%} - {high:.0%})."
    )


def clocked(work: Callable[[], Any]) -> float:
    """Seconds that a work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@CASES
def test_loop_of_torchvision_s_documentation(
    measure: Callable[..., None], backbone: Backbone, device: str, pool: Samples
) -> None:
    """``ImageFolder``, ``transforms`` and ``DataLoader`` as they are shown there, and the features kept."""
    from torchvision import datasets, transforms

    # The backbone normalizes by itself, so that the transform need not: for the loop's benefit.
    folder = Path(pool["path"][0]).parents[1]
    images = datasets.ImageFolder(str(folder), transforms.Compose([transforms.CenterCrop(CROP), transforms.ToTensor()]))
    network = backbone.to(device).eval()

    def run() -> None:
        loader = torch.utils.data.DataLoader(
            images, batch_size=BATCH[device], num_workers=default_threads(), pin_memory=device == "cuda"
        )
        kept = []
        with torch.inference_mode():
            for batch, _ in loader:
                kept.append(network(batch.to(device, non_blocking=True)).cpu())
        torch.cat(kept)

    measure("DataLoader loop", False, run, rounds=2)


def test_memory_over_a_long_run(benchmark: Any, size: Size, tmp_path: Path, remarks: list[str]) -> None:
    name = "efficientnet_lite0"
    pool, backbone = jpeg_files(tmp_path, size.pick(LONG, QUICK_LONG)), build_backbone(name, weights="random")
    held: list[int] = []

    def note(stage: str, done: int, total: int) -> None:
        held.append(rss_anon(os.getpid()))

    def run() -> None:
        extract(pool, backbone, tmp_path / "out", BATCH["cpu"], CROP, progress=note)

    work = f"features of {len(pool)} JPEG files, {WIDTH}x{HEIGHT}: {name} on CPU"
    timed(benchmark, run, (), work, "syndr", True, len(pool), rounds=1, warm_up=0)
    first, last = (max(part) / 1024 for part in (held[: len(held) // 3], held[-len(held) // 3 :]))
    remarks.append(
        f"{name} over {len(pool):,} pictures: at most {first:,.0f} MiB anonymous memory in the first third, "
        f"{last:,.0f} MiB in the last."
    )
