"""The votes of a classifier over the pictures of a target: which distortion types to train on (DGQA)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from syndr.errors import ImageError, InputError
from syndr.evaluation.crops import CROPS, cut_crops
from syndr.images import Rejected
from syndr.progress import Progress, silent, track
from syndr.samples import Samples
from syndr.training.crops import ImageSource
from syndr.training.data import as_float, load_batches, rejection
from syndr.type_selection.classifier import CLASSES, TypeClassifier
from syndr.type_selection.pictures import TypePictures

#: Each picture votes for this many classes ...
VOTES = 4
#: ... yet a share is votes over three times the pictures, as in DGQA's released code: shares add up to 4/3.
SHARE_OVER = 3
#: A type is kept from this share on: the code keeps 0.04 after rounding to two decimals. As a fraction: 21/200 votes
#: for each picture.
LEAST_SHARE = 0.035
_VOTES_NEEDED, _PER_PICTURES = 21, 200


@dataclass(frozen=True)
class _How:
    seed: int
    batch_size: int
    device: torch.device | str
    threads: int | None
    progress: Progress

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InputError(f"batch_size must be at least 1, not {self.batch_size}")


@dataclass(frozen=True)
class TypeVotes:
    """What the pictures of a target voted for.

    Attributes:
        votes: (26,) int64, by class; class 0 is the undistorted picture.
        pictures: Pictures that voted.
        rejected: Those that could not be read.
    """

    votes: npt.NDArray[np.int64]
    pictures: int
    rejected: tuple[Rejected, ...] = ()

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """(26,) votes over three times the pictures."""
        return self.votes / (SHARE_OVER * max(self.pictures, 1))

    @property
    def per_picture(self) -> npt.NDArray[np.float64]:
        """(26,) votes over the pictures: how many of them have the class among their first four."""
        return self.votes / max(self.pictures, 1)

    @property
    def types(self) -> tuple[int, ...]:
        """The types to train on, ascending: share of at least 0.035; class 0 is no type."""
        kept = self.votes * _PER_PICTURES >= _VOTES_NEEDED * self.pictures
        return tuple(int(kind) for kind in np.flatnonzero(kept) if kind) if self.pictures else ()


def vote(
    model: TypeClassifier,
    samples: Samples,
    images: ImageSource,
    *,
    seed: int = 0,
    batch_size: int = 30,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    progress: Progress = silent,
) -> TypeVotes:
    """Let each picture of an unlabelled target vote for the four classes it looks most like.

    Logits are averaged over five random 224 crops, drawn by (seed, id).

    Args:
        model: The classifier.
        samples: The pictures.
        images: Gives the picture of a row, uint8 (3, H, W); called on several threads.
        seed: Seed of the crops.
        batch_size: Most crops per forward pass.
        device: Where to run the classifier; it is moved there.
        threads: Threads that load pictures ahead; by default the cores this process may use.
        progress: Told of the batches done.

    Raises:
        InputError: When an argument is not usable.
        ImageError: When not one picture can be read.
    """
    rejected: list[Rejected] = []

    def reject(row: int, error: ImageError) -> None:
        rejected.append(rejection(samples, row, str(error)))

    how = _How(seed, batch_size, device, threads, progress)
    rows, logits = _logits(model, samples.ids, images, reject, how)
    if not len(rows):
        raise ImageError(f"none of the {len(samples)} pictures can be read; the first: {rejected[0].reason}")
    votes = np.bincount(_first_classes(logits).ravel(), minlength=CLASSES)
    return TypeVotes(votes.astype(np.int64), len(rows), tuple(rejected))


@dataclass(frozen=True)
class Recall:
    """How often the true class is among the first one, and the first four.

    Attributes:
        top1: Share of the pictures.
        top4: Share of the pictures.
        top4_by_class: The second for each of the 26 classes; NaN where there is no picture.
        pictures: Number of pictures.
        rejected: The references that could not be read or distorted in some class, each once, with the first reason.
    """

    top1: float
    top4: float
    top4_by_class: tuple[float, ...]
    pictures: int
    rejected: tuple[Rejected, ...] = ()


def recall(
    model: TypeClassifier,
    references: Samples,
    *,
    rounds: int = 1,
    seed: int = 0,
    batch_size: int = 30,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    progress: Progress = silent,
) -> Recall:
    """Measure a classifier on distorted pictures of references that it has not seen, as it votes: over five crops.

    Args:
        model: The classifier.
        references: Table with ``id`` and ``path``.
        rounds: Each shows every reference in all 26 classes, at levels drawn for the round.
        seed: Seed of levels, noise and crops.
        batch_size: Most crops per forward pass.
        device: Where to run the classifier.
        threads: Threads that make pictures ahead.
        progress: Told of the batches done.

    Raises:
        ImageError: When not one reference can be used.
    """
    how = _How(seed, batch_size, device, threads, progress)
    rejected: dict[str, Rejected] = {}
    hits: list[npt.NDArray[np.bool_]] = []
    labels: list[npt.NDArray[np.int64]] = []
    for number in range(rounds):
        pictures = TypePictures(references, seed, number, len(references), device)

        def reject(row: int, error: ImageError, samples: Samples = pictures.samples) -> None:
            reference = samples["reference"][row]
            at = references.row_of[reference]
            rejected.setdefault(reference, rejection(references, at, str(error)))

        rows, logits = _logits(model, pictures.samples.ids, pictures, reject, how)
        labels.append(pictures.labels[rows])
        hits.append(np.equal(_first_classes(logits), labels[-1][:, None]).astype(bool))
    found: npt.NDArray[np.bool_] = np.concatenate(hits)
    truth = np.concatenate(labels)
    if not len(truth):
        raise ImageError("none of the references to measure on can be read or distorted")
    top4 = np.asarray(found.any(axis=1))
    by_class = tuple(float(top4[truth == kind].mean()) if kind in truth else float("nan") for kind in range(CLASSES))
    return Recall(float(found[:, 0].mean()), float(top4.mean()), by_class, len(truth), tuple(rejected.values()))


def _first_classes(logits: Tensor) -> npt.NDArray[np.int64]:
    """Give the four classes of highest logit, best first; of equal ones the lower class goes first."""
    return np.argsort(-logits.numpy(), axis=1, kind="stable")[:, :VOTES]


@torch.inference_mode()
def _logits(
    model: TypeClassifier,
    ids: Sequence[str],
    images: ImageSource,
    reject: Callable[[int, ImageError], None],
    how: _How,
) -> tuple[npt.NDArray[np.int64], Tensor]:
    """Give the rows that could be read and their mean logits, float64 (rows, 26)."""
    group = max(1, how.batch_size // CROPS)
    model.to(how.device).eval()
    rows, logits = [np.empty(0, dtype=np.int64)], [torch.empty(0, CLASSES, dtype=torch.float64)]

    def load(row: int) -> Tensor:
        return cut_crops(images(row), "random", ids[row], how.seed)

    every = np.arange(len(ids))
    with closing(load_batches(load, every, group, reject, how.threads)) as batches:
        for batch, pixels in track(batches, "classify", -(-len(every) // group), how.progress):
            if len(batch):
                values = model(as_float(pixels.flatten(0, 1), how.device))
                logits.append(values.double().view(len(batch), CROPS, CLASSES).mean(dim=1).cpu())
                rows.append(batch)
    return np.concatenate(rows), torch.cat(logits)
