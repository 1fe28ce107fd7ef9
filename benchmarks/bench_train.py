"""Training: the data path alone beside the released loader's way, and a whole run beside its parts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from benchmarks.contest import Size, timed  # noqa: E402
from benchmarks.pictures import photographs  # noqa: E402
from syndr.features import build_backbone  # noqa: E402
from syndr.samples import Samples  # noqa: E402
from syndr.threads import default_threads  # noqa: E402
from syndr.training import IQAModel, fit  # noqa: E402
from syndr.training.crops import CROP, EpochCrops  # noqa: E402
from syndr.training.data import batches_of, load_groups  # noqa: E402
from syndr.virtual import VirtualDataset, virtual_rows  # noqa: E402

HEIGHT, WIDTH, BATCH = 384, 512, 32
FILES, QUICK = 256, 64
EPOCHS = 24  # of the paper's training
#: BID's types, at the levels of pseudo-labels (FACTS of the paper's code).
TYPES, LEVELS = (1, 3, 9, 21, 23, 25), (1, 3, 5)
REFERENCES = 8
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SHOWN = {"jpg": "JPEG files", "png": "PNG files", "virtual": f"virtual rows, types {', '.join(map(str, TYPES))}"}


@pytest.fixture(scope="module", params=list(SHOWN))
def kind(request: pytest.FixtureRequest) -> str:
    """What the rows are."""
    return str(request.param)


@pytest.fixture(scope="module")
def samples(kind: str, size: Size, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Files of KADID's size, or rows that are distorted from eight of them."""
    from PIL import Image

    folder, suffix = tmp_path_factory.mktemp(kind), "png" if kind == "virtual" else kind
    count = REFERENCES if kind == "virtual" else size.pick(FILES, QUICK)
    names = [f"{row:04}.{suffix}" for row in range(count)]
    for name, pixels in zip(names, photographs(count, HEIGHT, WIDTH).permute(0, 2, 3, 1).numpy(), strict=True):
        Image.fromarray(pixels).save(folder / name, **({"quality": 92} if suffix == "jpg" else {}))
    samples = Samples.from_columns(id=names, path=[str(folder / name) for name in names])
    if kind == "virtual":
        samples = virtual_rows(samples, TYPES, LEVELS)
    return samples.with_column("quality", np.linspace(0, 10, len(samples)).tolist())


@pytest.fixture
def measure(benchmark: Any, size: Size, kind: str, samples: Samples) -> Callable[..., None]:
    def measure(who: str, ours: bool, work: Callable[[], Any], epochs: int = 1, rounds: int = 5) -> None:
        many = f", {epochs} epochs" if epochs > 1 else ""
        named = f"data path alone, {len(samples)} {SHOWN[kind]}, {WIDTH}x{HEIGHT}{many}"
        timed(benchmark, work, (), named, who, ours, epochs * len(samples), rounds=2 if size.quick else rounds,
              warm_up=rounds > 1)  # fmt: skip

    return measure


class ReleasedWay(torch.utils.data.Dataset[Any]):
    """The authors' loader: Pillow decodes, a crop is cut from the whole, floats are normalized; no workers.

    They have no distortions of their own to make on the fly; ours stand in, picture by picture.
    """

    def __init__(self, samples: Samples) -> None:
        from torchvision import transforms

        self.paths = samples["path"].tolist()
        self.recipe = [samples[name].tolist() for name in ("type", "level", "seed")] if "seed" in samples else None
        self.quality = samples["quality"].astype(np.float32)
        self.transform = transforms.Compose(
            [transforms.RandomCrop(CROP), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> tuple[Any, Any]:
        from PIL import Image

        from syndr.distort import distort

        with Path(self.paths[row]).open("rb") as file:
            picture = Image.open(file).convert("RGB")
        if self.recipe is not None:
            pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
            kind, level, seed = (column[row] for column in self.recipe)
            picture = Image.fromarray(distort(pixels, kind, level, [seed])[0].permute(1, 2, 0).numpy())
        return self.transform(picture), self.quality[row]


def ours(samples: Samples, pictures: VirtualDataset, epoch: int = 0, threads: int | None = None) -> None:
    """One epoch of crops as training loads them, and nothing done with them."""
    crops = EpochCrops(pictures, samples.ids, 0, epoch)
    for _ in load_groups(crops.load, batches_of(np.arange(len(samples)), BATCH), _refuse, threads):
        pass


def released(samples: Samples, epochs: int = 1) -> None:
    """Load the same crops as the authors do."""
    loader = torch.utils.data.DataLoader(ReleasedWay(samples), batch_size=BATCH, shuffle=True, num_workers=0)
    for _ in range(epochs):
        for _ in loader:
            pass


def _refuse(row: int, error: Exception) -> None:
    raise error


def test_data_first_epoch(measure: Callable[..., None], samples: Samples) -> None:
    """Every file is decoded."""
    measure("syndr", True, lambda: ours(samples, VirtualDataset(samples, cache_files=True)))


def test_data_later_epochs(measure: Callable[..., None], samples: Samples) -> None:
    """The pictures that fit are in memory."""
    pictures = VirtualDataset(samples, cache_files=True)
    measure("syndr, later epochs", True, lambda: ours(samples, pictures, 1))


def test_data_released_way(measure: Callable[..., None], samples: Samples) -> None:
    measure("released loader's way", False, lambda: released(samples))


def test_data_of_a_training(measure: Callable[..., None], samples: Samples) -> None:
    """Every file is decoded, or every picture made, once."""

    def epochs() -> None:
        pictures = VirtualDataset(samples, cache_files=True)
        for epoch in range(EPOCHS):
            ours(samples, pictures, epoch)

    measure("syndr", True, epochs, EPOCHS, 3)


def test_data_of_a_training_released_way(measure: Callable[..., None], samples: Samples) -> None:
    measure("released loader's way", False, lambda: released(samples, EPOCHS), EPOCHS, 1)


def test_whole_step(benchmark: Any, size: Size, kind: str, samples: Samples, remarks: list[str]) -> None:
    """A run of training with EfficientNet-Lite0, beside its model step and its data measured in the same run."""
    samples = samples.take(range(min(len(samples), 3 * BATCH)))
    model = IQAModel(build_backbone("efficientnet_lite0", weights="random"))
    steps = -(-len(samples) // BATCH)
    black = torch.zeros(3, CROP, CROP, dtype=torch.uint8)

    def seconds(work: Any) -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    def core_seconds() -> float:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        started = time.process_time()
        ours(samples, VirtualDataset(samples), threads=1)
        torch.set_num_threads(threads)
        return time.process_time() - started

    shares = []

    def run() -> None:
        step = seconds(lambda: fit(model, samples, lambda row: black, epochs=1))
        data = core_seconds()
        whole = seconds(lambda: fit(model, samples, VirtualDataset(samples), epochs=1))
        shares.append((step + data / default_threads()) / whole)

    timed(benchmark, run, (), f"model step, data, and both: {steps} steps of {SHOWN[kind]}", "syndr", True,
          len(samples), rounds=2 if size.quick else 5)  # fmt: skip
    remarks.append(
        f"Whole step of EfficientNet-Lite0 on the CPU, {SHOWN[kind]}: {np.median(shares):.0%} of "
        f"1/(model step + data core time/cores), from {min(shares):.0%} to {max(shares):.0%}."
    )
