"""How well does a whole network learn it? ``python -m benchmarks.finetune --photos FOLDER``, on a GPU in minutes.

The set and the photograph splits are those of ``benchmarks.learning``: 25 distortions at 5 levels of each photograph,
labelled by the ranks of MDSI. Here all weights of the network learn, from all photographs but the fifth that is held
out, and from windows of them (``--windows``), none of which is tested. The pictures are made on the device and stay
there. ``--choose`` first tries a few settings on the first split, trained on three quarters of its other photographs
and tested on the fourth, and goes on with the best.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from benchmarks.learning import SPLITS, parted, pictures_of
from benchmarks.machine import commit, machine
from benchmarks.windows import with_windows
from syndr.demo.kadid_like import LEVELS, mdsi, quality_by_rank, references_of
from syndr.demo.photos import HEIGHT, WIDTH
from syndr.distort import TYPES
from syndr.errors import ImageError
from syndr.evaluation import measure, predict
from syndr.features import build_backbone
from syndr.files import write_json
from syndr.images import decode, write_image
from syndr.progress import silent
from syndr.samples import Samples
from syndr.training import Head, IQAModel, fit
from syndr.training.data import as_float
from syndr.training.settings import Precision
from syndr.virtual import VirtualDataset, virtual_rows

Rows = npt.NDArray[np.int64]
Trial = dict[str, Any]
# What the id of a photograph's first window ends in, which is the whole.
_WHOLE = "-1"
# A batch's share in the statistics of batch normalization: the network's own, a hundredth, lags behind weights that
# learn this fast. Counted anew after two epochs, SRCC rose from 0.730 to 0.740 on photographs kept back.
_MOMENTUM = 0.1
# The share of the pictures made of a window in those made of a whole photograph, drawn.
_PICTURES = 1 / 8
# Rows whose features the head starts from.
_STANDARDIZED_BY = 512


@dataclass(frozen=True)
class Settings:
    """How to train: ``hidden`` 0 is a linear head; ``all_labelled`` labels the candidates of ``learning`` too."""

    backbone: str
    hidden: int
    epochs: int
    batch_size: int
    lr: float
    head_lr_ratio: float
    crop: int
    precision: Precision
    seed: int
    all_labelled: bool

    def __str__(self) -> str:
        return (
            f"{self.backbone}, {self.hidden} hidden, {self.epochs} epochs, batch {self.batch_size}, lr {self.lr:g} "
            f"(head x {self.head_lr_ratio:g}), crops of {self.crop}, {self.precision}"
        )


#: What ``--choose`` tries. On an H200, three epochs each gave SRCC 0.658, 0.686 and 0.726 on photographs kept back from
#: the first split's training part; the last is what is done without ``--choose``.
CANDIDATES: tuple[dict[str, Any], ...] = (
    {"backbone": "efficientnet_lite0", "lr": 5e-4, "head_lr_ratio": 10.0},
    {"backbone": "efficientnet_lite0_stages", "lr": 3e-4, "head_lr_ratio": 10.0},
    {"backbone": "efficientnet_lite0_stages", "lr": 1e-3, "head_lr_ratio": 3.0},
)


@dataclass(frozen=True)
class Part:
    """Some rows of a virtual data set, as a table of their own counts them."""

    whole: VirtualDataset
    rows: Rows

    @property
    def device(self) -> str:
        """Where the pictures are made."""
        return self.whole.device

    def __call__(self, row: int) -> Tensor:
        """Give a row's picture."""
        return self.whole.image(int(self.rows[row]))

    def crops(self, rows: Sequence[int], size: int = 224, places: Tensor | None = None) -> list[Tensor | ImageError]:
        """Do as the whole set does."""
        return self.whole.crops(self.rows[list(rows)].tolist(), size, places)


def main() -> None:
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    source, started = commit(), time.perf_counter()
    references = _references(options)
    samples = _drawn(virtual_rows(references, options.types, LEVELS))
    most = len(samples) * 3 * HEIGHT * WIDTH
    data = VirtualDataset(samples, options.device, cache_files=True, device_keep_bytes=most)
    samples = samples.with_column("quality", labels(data))
    report: dict[str, Any] = {
        "photographs": len(set(references["photo"])), "windows": options.windows, "pictures": len(samples),
        "seconds": {"made": time.perf_counter() - started},
        "machine": machine(), "commit": source, "tried": [], "trials": [],
    }  # fmt: skip
    print("{photographs} photographs, {pictures:,} pictures made and labelled in {seconds[made]:.1f} s"
          .format(**report), flush=True)  # fmt: skip

    def run(kept_in: str, settings: Settings, split: int, inner: bool) -> Trial:
        found = trial(data, samples, settings, split, inner)
        report[kept_in].append(found)
        report["seconds"]["whole"] = time.perf_counter() - started
        write_json(options.out / "finetune.json", report)
        print("{what}, split {split}: SRCC {srcc:.4f}, PLCC {plcc:.4f}; {rows:,} rows, {seconds:.1f} s, training "
              "{train_seconds:.1f} s: {images_per_second:,.0f} images/s, loss {first_loss:.3f} to {last_loss:.3f}"
              .format(what=settings, **found), flush=True)  # fmt: skip
        return found

    settings = Settings(**{field.name: getattr(options, field.name) for field in fields(Settings)})
    if options.choose:
        tried = [replace(settings, epochs=options.choose, **candidate) for candidate in CANDIDATES]
        found = [run("tried", each, options.splits[0], inner=True) for each in tried]
        best = int(np.argmax([each["srcc"] for each in found]))
        settings = replace(tried[best], epochs=settings.epochs)
        left = options.seconds - (time.perf_counter() - started)
        settings = replace(
            settings, epochs=affordable(settings.epochs, found[best], len(samples), left, len(options.splits))
        )
        print(f"chosen: {settings}", flush=True)
    report["settings"] = asdict(settings)
    for split in options.splits:
        run("trials", settings, split, options.inner)
        report["median"] = float(np.median([each["srcc"] for each in report["trials"]]))
    write_json(options.out / "finetune.json", report)
    print(
        "median of {n} splits: SRCC {median:.4f}; {seconds[whole]:.0f} s in all".format(n=len(options.splits), **report)
    )


def affordable(epochs: int, tried: Trial, pictures: int, seconds: float, splits: int) -> int:
    """Say how many epochs, up to those wanted, every split can have in the time that is left; at least two."""
    beside = tried["seconds"] - tried["train_seconds"]
    epoch = 0.8 * pictures / tried["images_per_second"]
    return max(2, min(epochs, int((seconds / splits - beside) / epoch)))


def trial(data: VirtualDataset, samples: Samples, settings: Settings, split: int, inner: bool) -> Trial:
    """Train on one split of the photographs and score those held out; ``inner`` a quarter of the others instead."""
    started = time.perf_counter()
    reference = np.asarray(samples["reference"])
    wholes = reference[np.char.endswith(reference.astype(str), _WHOLE)]
    held_out, labelled, pool = parted(wholes, split)
    others = labelled + pool if settings.all_labelled else labelled
    if inner:
        fourth = len(others) // 4
        held_out, others = others[:fourth], others[fourth:]
    whole = np.array([name.rpartition("-")[0] + _WHOLE for name in reference])  # of the photograph of each
    train, test = np.flatnonzero(np.isin(whole, others)), np.flatnonzero(np.isin(reference, held_out))
    backbone = build_backbone(settings.backbone)
    model = IQAModel(backbone, Head(backbone.dims, settings.hidden or None, settings.seed)).to(data.device)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = _MOMENTUM
    start_head(model, Part(data, train), samples.take(train), settings.crop)
    result = fit(
        model, samples.take(train), Part(data, train), epochs=settings.epochs, batch_size=settings.batch_size,
        lr=settings.lr, head_lr_ratio=settings.head_lr_ratio, schedule="cosine", crop=settings.crop,
        seed=settings.seed, precision=settings.precision, device=data.device,
        progress=_progress if sys.stderr.isatty() else silent,
    )  # fmt: skip
    trained = sum(entry.seconds for entry in result.log)
    half = None if settings.precision == "float32" else getattr(torch, settings.precision)
    with torch.autocast(data.device, half, enabled=half is not None):
        scores = predict(model, samples.take(test), Part(data, test), crops="corners", crop=settings.crop,
                         batch_size=160, device=data.device).scores  # fmt: skip
    found = measure(scores, samples["quality"][test])
    return {
        "split": split, "inner": inner, **asdict(settings), "srcc": found.srcc, "plcc": found.plcc,
        "rows": len(train), "test_rows": len(test), "train_seconds": trained,
        "images_per_second": len(train) * settings.epochs / trained, "seconds": time.perf_counter() - started,
        "first_loss": result.log[0].loss, "last_loss": result.log[-1].loss,
    }  # fmt: skip


@torch.inference_mode()
def start_head(model: IQAModel, pictures: Part, samples: Samples, crop: int) -> None:
    """Let the head begin at the scale that features have in training, and at the median label."""
    model.train()
    rows = np.linspace(0, len(samples) - 1, min(_STANDARDIZED_BY, len(samples)), dtype=np.int64)
    features = []
    for start in range(0, len(rows), 64):
        found = pictures.crops(rows[start : start + 64].tolist(), crop)
        crops = torch.stack([each for each in found if isinstance(each, Tensor)])
        features.append(model.backbone(as_float(crops, pictures.device)).float())
    model.head.standardize(torch.cat(features), torch.tensor(samples["quality"][rows]))


def labels(data: VirtualDataset) -> npt.NDArray[np.float64]:
    """Make every picture, which stays on the device, and label it as the demo does."""
    found = []
    for path, rows in groupby(range(len(data)), key=list(data.samples["path"]).__getitem__):
        clean, numbers = decode(path).to(data.device), list(rows)
        at_once = (data.images(numbers[first : first + 25]) for first in range(0, len(numbers), 25))
        found.extend(mdsi(clean, torch.stack(made)) for made in at_once)  # type: ignore[arg-type]
    return quality_by_rank(np.concatenate(found))


def _drawn(samples: Samples) -> Samples:
    """Keep all pictures of the whole photographs, and an eighth of each window's."""
    whole = np.char.endswith(np.asarray(samples["reference"]).astype(str), _WHOLE)
    drawn = np.random.default_rng(0).random(len(samples)) < _PICTURES
    return samples.take(np.flatnonzero(whole | drawn))


def _references(options: argparse.Namespace) -> Samples:
    """Write the photographs' windows as files, and give their table."""
    named = sorted(pictures_of(options.photos).items())[: options.photographs]
    references, pictures = references_of([with_windows(*each, options.windows) for each in named])
    folder = options.out / "windows"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03}.png" for number in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        write_image(path, picture)
    return references.with_column("path", [str(path) for path in paths])


def _progress(stage: str, done: int, total: int) -> None:
    print(f"\r{stage} {done}/{total}", end="\n" if done == total else "", file=sys.stderr)


def _options() -> argparse.Namespace:
    cuda = torch.cuda.is_available()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.finetune", description=__doc__)
    parser.add_argument("--photos", type=Path, help="folder of photographs, beside those of the demo")
    parser.add_argument("--out", type=Path, default=Path("runs/finetune"), help="results")
    parser.add_argument("--device", default="cuda" if cuda else "cpu")
    parser.add_argument("--backbone", default="efficientnet_lite0_stages")
    parser.add_argument("--hidden", type=int, default=256, help="width of the head's hidden layer; 0: a linear head")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--crop", type=int, default=384, help="side of the crops; the pictures are 512 x 384")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--head-lr-ratio", type=float, default=3.0)
    parser.add_argument("--precision", default="bfloat16" if cuda else "float32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--splits", type=int, nargs="+", default=range(SPLITS), help="which of the splits")
    parser.add_argument("--choose", type=int, help="first try other settings, for so many epochs, as --inner does")
    parser.add_argument(
        "--seconds", type=float, default=600, help="with --choose, fewer epochs if need be, to end in time"
    )
    parser.add_argument("--types", type=int, nargs="+", default=tuple(TYPES), help="distortion types")
    parser.add_argument("--photographs", type=int, help="only the first so many")
    parser.add_argument("--windows", type=int, default=16, help="windows of each photograph to train on too")
    parser.add_argument("--inner", action="store_true", help="test on a part of the photographs trained on otherwise")
    parser.add_argument("--labelled", action="store_false", dest="all_labelled",
                        help="train on the two fifths alone that benchmarks.learning has labels for")  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    main()
