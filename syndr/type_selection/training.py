"""Training of the classifier of types: the head on frozen features, then the whole network if wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from syndr.errors import ImageError, InputError
from syndr.features.weights import weights_hash
from syndr.images import Rejected
from syndr.progress import Progress, silent, track
from syndr.rng import mix
from syndr.samples import Samples
from syndr.training.crops import EpochCrops, epoch_order
from syndr.training.data import as_float, load_batches
from syndr.training.seeded import seeded
from syndr.training.tensor_file import read_tensors, write_tensors
from syndr.type_selection.classifier import TypeClassifier
from syndr.type_selection.pictures import TypePictures
from syndr.virtual import made_with

_KIND = "features for a distortion classifier, version 1"
# Of the head's training, which takes seconds: there is no need to choose.
_PASSES, _HEAD_BATCH, _HEAD_LR, _WEIGHT_DECAY, _SMOOTHING = 20, 128, 1e-3, 1e-2, 0.1
# So that few pictures are seen more often than in _PASSES.
_LEAST_STEPS = 400
_HEAD_PURPOSE, _TUNE_PURPOSE = 8, 9


@dataclass(frozen=True)
class TypeTraining:
    """What a training did; the weights are in the classifier that was given to it.

    Attributes:
        pictures: Crops the head was trained on.
        head_loss: Mean cross-entropy of the head's last pass, in nats (with dropout and label smoothing).
        tune_losses: The same for each epoch of fine-tuning.
        rejected: References that could not be read or distorted.
    """

    pictures: int
    head_loss: float
    tune_losses: tuple[float, ...]
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True)
class _Plan:
    rounds: int
    tune_epochs: int
    batch_size: int
    lr: float
    most: int
    seed: int

    def __post_init__(self) -> None:
        if min(self.rounds, self.batch_size, self.most) < 1 or self.tune_epochs < 0 or not self.lr > 0:
            raise InputError(
                "rounds, batch_size and references_per_round must be at least 1, tune_epochs at least 0, and lr "
                f"positive: {asdict(self)}"
            )


def train_classifier(
    model: TypeClassifier,
    references: Samples,
    *,
    rounds: int = 8,
    tune_epochs: int = 0,
    batch_size: int = 26,
    lr: float = 1e-4,
    references_per_round: int = 1_000,
    seed: int = 0,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    checkpoint: str | Path | None = None,
    progress: Progress = silent,
) -> TypeTraining:
    """Train a classifier in place on references of any kind, and leave it in evaluation mode.

    In each round every reference (or as many as ``references_per_round``, drawn anew) is seen undistorted and in each
    of KADID's 25 types, at a level and in a 224 crop drawn for the round. The head is trained on the features that the
    backbone gives as it is; ``tune_epochs`` then train the whole network on further rounds, as DGQA's was, which pays
    with a GPU and thousands of references.

    Args:
        model: The classifier.
        references: Table with ``id`` and ``path``: undistorted pictures, the more the better.
        rounds: Rounds of features for the head.
        tune_epochs: Epochs of fine-tuning.
        batch_size: Crops per forward pass.
        lr: Adam's learning rate for fine-tuning.
        references_per_round: Most references in one round; bounds the memory.
        seed: Seed of every draw.
        device: Where to work; the classifier is moved there.
        threads: Threads that make pictures ahead; by default the cores this process may use.
        checkpoint: Folder that keeps the features of each round, so that an interrupted training goes on there.
        progress: Told of ``"pictures"`` of each round and ``"fine-tuning"``.

    Raises:
        InputError: When an argument is not usable, or fine-tuning diverges.
        ImageError: When not one reference can be used.
        StoreError: When ``checkpoint`` holds damaged features.
    """
    plan = _Plan(rounds, tune_epochs, batch_size, lr, references_per_round, seed)
    model.to(device)
    work = _Work(model, references, plan, torch.device(device), threads, {}, progress)
    features, labels = work.features(None if checkpoint is None else Path(checkpoint))
    model.standardize(features.to(device))
    head_loss = work.fit_head(features, labels)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    epochs = track(range(tune_epochs), "fine-tuning", tune_epochs, progress) if tune_epochs else ()
    losses = tuple(work.tune(optimizer, epoch) for epoch in epochs)
    model.eval()
    return TypeTraining(len(labels), head_loss, losses, tuple(work.rejected.values()))


@dataclass(frozen=True)
class _Work:
    model: TypeClassifier
    references: Samples
    plan: _Plan
    device: torch.device
    threads: int | None
    rejected: dict[str, Rejected]
    progress: Progress

    def features(self, folder: Path | None) -> tuple[Tensor, Tensor]:
        """Give the backbone's features of all rounds, float32 (N, dims), and their classes, int64 (N,)."""
        weights = weights_hash(self.model.backbone)
        rounds = [self._round(number, folder, weights) for number in range(self.plan.rounds)]
        features, labels = (torch.cat(parts) for parts in zip(*rounds, strict=True))
        if not len(labels):
            some = "; ".join(entry.reason for entry in list(self.rejected.values())[:3])
            raise ImageError(f"none of the {len(self.references)} references can be used: {some}")
        return features.float(), labels

    def _round(self, number: int, folder: Path | None, weights: str) -> tuple[Tensor, Tensor]:
        pictures = TypePictures(self.references, self.plan.seed, number, self.plan.most, self.device)
        identity: dict[str, object] = {
            "kind": _KIND,
            "weights": weights,
            "rows": pictures.samples.columns("id", "type").content_hash(),
        }
        identity |= {"seed": self.plan.seed, "round": number, **made_with(pictures.labels)}
        path = None if folder is None else folder / f"round-{number:03d}.safetensors"
        if path is not None and path.exists():
            tensors, found = read_tensors(path, _KIND)
            if {key: found.get(key) for key in identity} == identity:
                return tensors["features"], tensors["labels"]
        features, rows = self._extracted(pictures, number)
        labels = torch.from_numpy(pictures.labels[rows])
        if path is not None:
            write_tensors(path, {"features": features, "labels": labels}, identity)
        return features, labels

    @torch.inference_mode()
    def _extracted(self, pictures: TypePictures, number: int) -> tuple[Tensor, npt.NDArray[np.int64]]:
        self.model.eval()
        crops = EpochCrops(pictures, pictures.samples.ids, self.plan.seed, number)
        features = [torch.empty(0, self.model.dims, dtype=torch.float16)]
        rows = [np.empty(0, dtype=np.int64)]
        size, every = self.plan.batch_size, np.arange(len(pictures))
        stage = f"pictures, round {number + 1} of {self.plan.rounds}"
        batches = load_batches(crops.__getitem__, every, size, self._reject(pictures), self.threads)
        for batch, pixels in track(batches, stage, -(-len(every) // size), self.progress):
            if len(batch):
                features.append(self.model.features(as_float(pixels, self.device)).half().cpu())
                rows.append(batch)
        return torch.cat(features), np.concatenate(rows)

    def fit_head(self, features: Tensor, labels: Tensor) -> float:
        """Train the head on frozen features; returns the last pass's loss."""
        parameters = self.model.head.parameters()
        optimizer = torch.optim.AdamW(parameters, lr=_HEAD_LR, weight_decay=_WEIGHT_DECAY)
        generator = torch.Generator().manual_seed(mix(self.plan.seed, _HEAD_PURPOSE))
        loss = float("nan")
        self.model.train()
        with seeded(self.device, mix(self.plan.seed, _HEAD_PURPOSE)):
            for _ in range(max(_PASSES, -(-_LEAST_STEPS * _HEAD_BATCH // len(labels)))):
                losses = []
                for rows in torch.split(torch.randperm(len(labels), generator=generator), _HEAD_BATCH):
                    logits = self.model.classify(features[rows].to(self.device))
                    losses.append(_step(optimizer, logits, labels[rows].to(self.device)))
                loss = float(torch.stack(losses).mean())
        return loss

    def tune(self, optimizer: torch.optim.Optimizer, epoch: int) -> float:
        """Train the whole network for an epoch, on a round that the head has not seen; returns the mean loss."""
        number = self.plan.rounds + epoch
        pictures = TypePictures(self.references, self.plan.seed, number, self.plan.most, self.device)
        ids = pictures.samples.ids
        crops = EpochCrops(pictures, ids, self.plan.seed, number)
        order = epoch_order(ids, np.arange(len(pictures)), self.plan.seed, number)
        losses = []
        self.model.train()
        batches = load_batches(crops.__getitem__, order, self.plan.batch_size, self._reject(pictures), self.threads)
        with seeded(self.device, mix(self.plan.seed, _TUNE_PURPOSE, epoch)):
            for rows, pixels in batches:
                if len(rows):
                    labels = torch.from_numpy(pictures.labels[rows]).to(self.device)
                    losses.append(_step(optimizer, self.model(as_float(pixels, self.device)), labels))
        loss = float(torch.stack(losses).mean()) if losses else float("nan")
        if not np.isfinite(loss):
            raise InputError(f"the loss is {loss} in epoch {epoch} of fine-tuning; use a smaller lr")
        return loss

    def _reject(self, pictures: TypePictures) -> Callable[[int, ImageError], None]:
        """Note the reference, not each of its distorted pictures."""
        samples = pictures.samples

        def reject(row: int, error: ImageError) -> None:
            name = samples["reference"][row]
            self.rejected[name] = Rejected(name, samples["path"][row], str(error))

        return reject


def _step(optimizer: torch.optim.Optimizer, logits: Tensor, labels: Tensor) -> Tensor:
    loss = nn.functional.cross_entropy(logits, labels, label_smoothing=_SMOOTHING)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()
