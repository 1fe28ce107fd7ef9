"""Extracting features end to end, beside its parts alone and beside the loop of torchvision's documentation."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
Medians = dict[tuple[str, str, str], float]


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


@pytest.fixture(scope="module")
def medians() -> Medians:
    """Seconds per picture by backbone, device and contestant, from which the shares are made."""
    return {}


@pytest.fixture
def backbone(name: str, device: str) -> Backbone:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return build_backbone(name, weights="random")


@pytest.fixture
def measure(benchmark: Any, size: Size, name: str, device: str, pool: Samples, medians: Medians) -> Callable[..., None]:
    def measure(who: str, ours: bool, function: Callable[[], Any], rounds: int = 4) -> None:
        where = torch.cuda.get_device_name() if device == "cuda" else "CPU"
        work = f"features of {len(pool)} JPEG files, {WIDTH}x{HEIGHT}: {name} on {where}"
        timed(benchmark, function, (), work, who, ours, len(pool), 2 if size.quick else rounds)
        medians[name, device, who] = benchmark.stats["median"] / len(pool)

    return measure


@CASES
def test_end_to_end(
    measure: Callable[..., None], backbone: Backbone, device: str, pool: Samples, tmp_path: Path
) -> None:
    def run() -> None:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        extract(pool, backbone, tmp_path / "out", BATCH[device], CROP, device=device)

    measure("syndr", True, run)


@CASES
def test_forward_alone(measure: Callable[..., None], backbone: Backbone, device: str, pool: Samples) -> None:
    """f: pictures that are in memory already through the network, as extraction does it."""
    batch = photographs(BATCH[device], CROP, CROP)
    batches = -(-len(pool) // len(batch))

    def run() -> None:
        with Forward(backbone, device, "float32", compile=False) as forward:
            given = batch.pin_memory() if forward.pinned else batch
            for wait in [forward.submit(given) for _ in range(batches)]:
                wait()

    measure("syndr, forward alone (f)", True, run)


@CASES
def test_decoding_alone(measure: Callable[..., None], backbone: Backbone, pool: Samples) -> None:
    """d: files to central squares on all cores, and nothing done with them."""
    paths = list(pool["path"])

    def run() -> None:
        for _ in read_ahead(paths, lambda path: read_picture(path, square=CROP), ahead=64):
            pass

    measure("syndr, decoding alone (d)", True, run)


@CASES
def test_loop_of_torchvision_s_documentation(
    measure: Callable[..., None], backbone: Backbone, name: str, device: str, pool: Samples, medians: Medians,
    remarks: list[str],
) -> None:  # fmt: skip
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
    f, d, ours = (
        medians[name, device, who]
        for who in ("syndr, forward alone (f)", "syndr, decoding alone (d)", "syndr")
    )  # fmt: skip
    possible = "1/(f + d)" if device == "cpu" else "the slower of forward and decoding"
    share = (f + d if device == "cpu" else max(f, d)) / ours
    remarks.append(f"{name} on {device}: end to end at {share:.0%} of {possible}.")


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
