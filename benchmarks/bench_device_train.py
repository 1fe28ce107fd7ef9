"""Training on a GPU with pictures made there, beside its ceiling: the same steps on one batch that lies in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from benchmarks.contest import Size, timed  # noqa: E402
from benchmarks.pictures import photographs  # noqa: E402
from syndr.distort import TYPES  # noqa: E402
from syndr.features import build_backbone  # noqa: E402
from syndr.images import write_image  # noqa: E402
from syndr.samples import Samples  # noqa: E402
from syndr.training import Batch, IQAModel, fit, l1  # noqa: E402
from syndr.training.crops import CROP, EpochCrops  # noqa: E402
from syndr.training.data import as_float, batches_of, load_groups  # noqa: E402
from syndr.training.loop import parameter_groups  # noqa: E402
from syndr.training.processes import Processes  # noqa: E402
from syndr.training.step import Step  # noqa: E402
from syndr.virtual import VirtualDataset, virtual_rows  # noqa: E402

HEIGHT, WIDTH = 384, 512  # KADID's size
REFERENCES, LEVELS, EPOCHS = 7, (1, 2, 3, 4, 5), 2
ROWS, QUICK = {"cuda": 768, "cpu": 64}, {"cuda": 128, "cpu": 8}
PRECISION = {"cuda": "bfloat16", "cpu": "float32"}

NETWORKS = ("efficientnet_lite0", "resnet50")
CASES = pytest.mark.parametrize(
    ("device", "network", "batch"),
    [("cpu", NETWORKS[0], 8), *(("cuda", network, 32) for network in NETWORKS)],
    scope="module",
)


@pytest.fixture(scope="module")
def samples(device: str, size: Size, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Rows of all types and levels, spread over a few references on disk."""
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    folder = tmp_path_factory.mktemp("references")
    names = [f"{number}.png" for number in range(REFERENCES)]
    for name, pixels in zip(names, photographs(REFERENCES, HEIGHT, WIDTH), strict=True):
        write_image(folder / name, pixels)
    references = Samples.from_columns(id=names, path=[str(folder / name) for name in names])
    rows = virtual_rows(references, tuple(TYPES), LEVELS)
    chosen = np.linspace(0, len(rows) - 1, size.pick(ROWS[device], QUICK[device])).round().astype(np.int64)
    return rows.take(chosen).with_column("quality", np.linspace(0, 10, len(chosen)).tolist())


@dataclass(frozen=True)
class Contest:
    """One network, batch and device, and who does how much with them."""

    benchmark: Any
    device: str
    network: str
    batch: int
    rounds: int

    def time(
        self, who: str, ours: bool, items: int, run: Callable[[], Any], before: Callable[[], Any] | None = None,
        work: str | None = None,
    ) -> None:  # fmt: skip
        """Time the whole work, until the device has finished it."""
        on_gpu = self.device == "cuda"

        def whole() -> None:
            run()
            if on_gpu:
                torch.cuda.synchronize()

        where = torch.cuda.get_device_name() if on_gpu else "CPU"
        work = (
            work or f"train {self.network}, batch {self.batch}, crops of {CROP}, {PRECISION[self.device]}, on {where}"
        )
        timed(self.benchmark, whole, (), work, who, ours, items, rounds=self.rounds, before=before)

    def fit(self, model: IQAModel, samples: Samples, pictures: Any, epochs: int) -> None:
        """Train for some epochs."""
        fit(model, samples, pictures, epochs=epochs, batch_size=self.batch, precision=PRECISION[self.device],
            device=self.device)  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture
def contest(benchmark: Any, device: str, network: str, batch: int, size: Size) -> Contest:
    """The benchmark of one network and batch."""
    return Contest(benchmark, device, network, batch, rounds=2 if size.quick or device == "cpu" else 3)


@pytest.fixture
def model(device: str, network: str) -> IQAModel:
    """The network with a head."""
    return IQAModel(build_backbone(network, weights="random"))


@CASES
def test_first_epoch(contest: Contest, model: IQAModel, samples: Samples) -> None:
    """Every picture is made from its reference."""
    fresh: list[VirtualDataset] = []

    def before() -> None:
        fresh[:] = [VirtualDataset(samples, contest.device, cache_files=True)]

    contest.time("syndr, first epoch: pictures are made", True, len(samples),
                 lambda: contest.fit(model, samples, fresh[0], epochs=1), before)  # fmt: skip


@CASES
def test_later_epochs(contest: Contest, model: IQAModel, samples: Samples) -> None:
    """Pictures that were made lie on the device."""
    room = len(samples) * 3 * HEIGHT * WIDTH
    pictures = VirtualDataset(samples, contest.device, cache_files=True, device_keep_bytes=room)
    contest.time("syndr, later epochs: pictures are kept", True, EPOCHS * len(samples),
                 lambda: contest.fit(model, samples, pictures, EPOCHS))  # fmt: skip


@CASES
def test_ceiling(contest: Contest, model: IQAModel, samples: Samples) -> None:
    """The steps alone: forward, backward and optimizer, as they are taken in training."""
    device, precision = torch.device(contest.device), PRECISION[contest.device]
    model.to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(parameter_groups(model, 2e-5, 10.0), fused=device.type == "cuda" or None)
    autocast = None if precision == "float32" else getattr(torch, precision)
    step = Step(model, optimizer, l1, 1, autocast, torch.amp.GradScaler(device.type, enabled=False), Processes())
    rows = np.arange(contest.batch)
    images = as_float(photographs(contest.batch, CROP, CROP), device)
    batch = Batch(images, torch.linspace(0, 10, contest.batch, device=device), rows)

    def steps() -> None:
        for _ in range(EPOCHS * -(-len(samples) // contest.batch)):
            step(batch, contest.batch)

    contest.time("ceiling: the steps alone, on a batch in memory", False,
                 EPOCHS * -(-len(samples) // contest.batch) * contest.batch, steps)  # fmt: skip


@pytest.mark.parametrize("device", ["cpu", "cuda"], scope="module")
def test_making(benchmark: Any, size: Size, device: str, samples: Samples) -> None:
    """The pictures alone: made, cut and put together into batches of 64, and nothing done with them."""

    def make() -> None:
        crops = EpochCrops(VirtualDataset(samples, device), samples.ids, 0, 0)
        together_on = None if device == "cpu" else torch.device(device)
        for _ in load_groups(crops.load, batches_of(np.arange(len(samples)), 64), _refuse, together_on=together_on):
            pass

    contest = Contest(benchmark, device, "", 64, rounds=2)
    contest.time("syndr", True, len(samples), make, work=f"make pictures of all types in batches of 64 on {device}")


def _refuse(row: int, error: Exception) -> None:
    raise error
