"""The training loop: L1, Adam, one random crop of each picture per epoch, DRCDown before the epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from syndr.errors import ImageError, InputError
from syndr.features.weights import weights_hash
from syndr.images import Rejected, center_crop
from syndr.notebook import card, curve
from syndr.progress import Progress, silent, track
from syndr.rng import mix
from syndr.samples import Samples
from syndr.training.data import (
    CROP,
    EpochCrops,
    ImageSource,
    as_float,
    checked_quality,
    epoch_order,
    load_batches,
    rejection,
)
from syndr.training.seeded import seeded
from syndr.training.settings import Settings
from syndr.training.state import EpochLog, RunState, data_hash, describe_thinner, load_state, save_state
from syndr.training.thinning import Refresh, Scope, Thinner, dropped_rows, eligible_rows
from syndr.virtual import made_with, virtual_types


@dataclass(frozen=True)
class TrainingResult:
    """What a run did; the trained weights are in the model that was given to it.

    Attributes:
        log: One entry per epoch, those from before a resumption included.
        rejected: The pictures that could not be read, with the reason; they were left out.
    """

    log: tuple[EpochLog, ...]
    rejected: tuple[Rejected, ...]

    def _repr_html_(self) -> str:
        losses = [entry.loss for entry in self.log]
        facts = {
            "loss, first and last epoch": f"{losses[0]:.4f} → {losses[-1]:.4f}" if losses else None,
            "rows in the last epoch": self.log[-1].rows if losses else None,
            "dropped by thinning": self.log[-1].dropped if losses else None,
            "pictures that could not be read": len(self.rejected),
            "seconds": float(sum(entry.seconds for entry in self.log)),
        }
        return card(f"Trained for {len(losses)} epochs", facts) + curve(losses, "training loss")


def fit(
    model: nn.Module,
    samples: Samples,
    images: ImageSource,
    *,
    epochs: int = 24,
    batch_size: int = 32,
    lr: float = 2e-5,
    head_lr_ratio: float = 10.0,
    weight_decay: float = 5e-4,
    crop: int = CROP,
    flip: bool = True,
    seed: int = 0,
    thinning: Thinner | None = None,
    refresh: Refresh = "epoch",
    scope: Scope = "originals",
    device: torch.device | str = "cpu",
    threads: int | None = None,
    checkpoint: str | Path | None = None,
    after_epoch: Callable[[int], None] | None = None,
    progress: Progress = silent,
) -> TrainingResult:
    """Train a quality model in place and leave it in evaluation mode (paper, section 4.1).

    The same seed, samples and initial weights give the same final weights, bit for bit on one CPU with one
    number of torch threads, whatever the order of the table, the number of loading threads, and the interruptions.

    Args:
        model: Maps float32 images (B, 3, crop, crop) in [0, 1] to (score (B,), feature (B, dims)). Its
            submodule ``head`` learns ``head_lr_ratio`` times as fast; a model without one needs a ratio of 1.
        samples: The training set, with a column ``quality``, and ``origin`` where the scope depends on it.
        images: Gives the picture of a row, uint8 (3, H, W); called on several threads.
        epochs: Passes over the training set.
        batch_size: Pictures per step; the last step of an epoch may have fewer.
        lr: Adam's learning rate.
        head_lr_ratio: The head's learning rate over ``lr`` (10 as released, 1 as in the paper).
        weight_decay: Adam's L2 penalty.
        crop: Side of the square crops, in pixels.
        flip: Whether half of the crops are mirrored.
        seed: Seed of order, crops, flips and whatever is random inside the model.
        thinning: A :class:`syndr.DRCDown`, or None to train on everything.
        refresh: ``"epoch"`` thins before each epoch with the features the model gives then (evaluation mode,
            centre crops); ``"once"`` before training, with those of the model as it was given.
        scope: Which rows may be thinned: ``"originals"`` or ``"all"``; without a column ``origin`` all may.
        device: Where to train; the model is moved there.
        threads: Threads that load pictures ahead; by default the cores this process may use.
        checkpoint: Folder that keeps the state after each epoch. A run that finds its own state there goes
            on from it, and a finished run is not repeated.
        after_epoch: Called with the number of each epoch, from 0, before that epoch is saved: one that is cut off
            there is trained again. It may use the model and the thinner as they are then.
        progress: Told of ``"epochs"``, after each has been saved, and of the ``"steps"`` within one.

    Returns:
        The log of the run.

    Raises:
        InputError: When an argument or a label is not usable, the model's scores have another shape than
            (B,), or the loss is no longer finite.
        ImageError: When not one picture of an epoch can be read.
        StoreError: When ``checkpoint`` holds a damaged state or one made with other settings (among them the
            network of type 15, where virtual rows need it).
    """
    settings = Settings(epochs, batch_size, lr, head_lr_ratio, weight_decay, crop, flip, seed, refresh, scope)
    quality = checked_quality(samples["quality"], samples.ids)
    eligible = np.empty(0, dtype=np.int64) if thinning is None else eligible_rows(samples, scope)
    model.to(device)
    groups = _parameter_groups(model, lr, head_lr_ratio)
    optimizer = torch.optim.Adam(groups, lr=lr, weight_decay=weight_decay)
    folder = None if checkpoint is None else Path(checkpoint)
    identity: dict[str, Any] = asdict(settings) | {
        "thinning": describe_thinner(thinning),
        "samples": data_hash(samples),
        **made_with(virtual_types(samples)),
    }
    if folder is not None:
        identity["initial_weights"] = weights_hash(model)
    state = RunState() if folder is None else load_state(folder, model, optimizer, identity)
    run = _Run(model, optimizer, samples, quality, images, settings, torch.device(device), threads, state, progress)
    progress("epochs", len(state.log), epochs)
    for epoch in range(len(state.log), epochs):
        started = time.perf_counter()
        rows = np.arange(len(samples)) if thinning is None else run.thinned_rows(thinning, eligible, epoch)
        thinned = time.perf_counter()
        loss, trained = run.train(rows, epoch)
        seconds, thinning_seconds = time.perf_counter() - started, thinned - started
        dropped = len(samples) - len(rows)
        state.log.append(EpochLog(epoch, loss, trained, dropped, seconds, thinning_seconds))
        if after_epoch is not None:
            after_epoch(epoch)
        if folder is not None:
            save_state(folder, state, model, optimizer, identity)
        progress("epochs", epoch + 1, epochs)
    model.eval()
    return TrainingResult(log=tuple(state.log), rejected=tuple(state.rejected.values()))


@dataclass(frozen=True)
class _Run:
    """What every epoch of a run shares."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    samples: Samples
    quality: npt.NDArray[np.float64]
    images: ImageSource
    settings: Settings
    device: torch.device
    threads: int | None
    state: RunState
    progress: Progress

    def thinned_rows(self, thinning: Thinner, eligible: npt.NDArray[np.int64], epoch: int) -> npt.NDArray[np.int64]:
        """Give the rows of an epoch: all but those that thinning drops."""
        dropped = self.state.dropped_once
        if dropped is None:
            readable, features = self._center_features(eligible)
            dropped = dropped_rows(thinning, features, self.quality, self.samples.ids, readable, epoch)
        if self.settings.refresh == "once":
            self.state.dropped_once = dropped
        return np.delete(np.arange(len(self.samples)), dropped)

    def train(self, rows: npt.NDArray[np.int64], epoch: int) -> tuple[float, int]:
        """Train for one epoch; returns the mean absolute error and the number of rows that could be read."""
        ids, settings = self.samples.ids, self.settings
        crops = EpochCrops(self.images, ids, settings.seed, epoch, settings.crop, settings.flip)
        order = epoch_order(ids, rows, settings.seed, epoch)
        losses: list[Tensor] = []
        counts: list[int] = []
        self.model.train()
        batches = self._batches(crops.__getitem__, order, "steps")
        with seeded(self.device, mix(settings.seed, epoch)), closing(batches):
            for batch_rows, pixels in batches:
                losses.append(self._step(pixels, torch.from_numpy(self.quality[batch_rows])))
                counts.append(len(batch_rows))
        if not losses:
            some = "; ".join(entry.reason for entry in list(self.state.rejected.values())[:3])
            raise ImageError(f"epoch {epoch}: none of its {len(rows)} pictures can be read: {some}")
        # Fetched once per epoch: asking a device for each loss would make it wait at each step.
        values = torch.stack(losses).cpu().numpy().astype(np.float64)
        mean = float(np.average(values, weights=counts))
        if not np.isfinite(mean):
            raise InputError(f"the loss is {mean} in epoch {epoch}: training diverged; use a smaller lr")
        return mean, sum(counts)

    def _step(self, pixels: Tensor, quality: Tensor) -> Tensor:
        target = quality.to(self.device, torch.float32)
        score, _ = self.model(pixels)
        if score.shape != target.shape:
            raise InputError(
                f"the model must give one score per picture, shape {tuple(target.shape)}, not {tuple(score.shape)}"
            )
        loss = nn.functional.l1_loss(score, target)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return loss.detach()

    @torch.inference_mode()
    def _center_features(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Give the rows whose pictures can be read and their features by the model as it is now."""
        self.model.eval()
        readable = [np.empty(0, dtype=np.int64)]
        features = [np.empty((0, 0), dtype=np.float32)]

        def load(row: int) -> Tensor:
            return center_crop(self.images(row), self.settings.crop)

        for batch_rows, pixels in self._batches(load, rows, "features for thinning"):
            readable.append(batch_rows)
            features.append(self.model(pixels)[1].float().cpu().numpy())
        return np.concatenate(readable), np.concatenate(features[1:] or features)

    def _batches(
        self, load: ImageSource, rows: npt.NDArray[np.int64], stage: str
    ) -> Generator[tuple[npt.NDArray[np.int64], Tensor]]:
        size = self.settings.batch_size
        loaded = load_batches(load, rows, size, self._reject, self.threads)
        for batch_rows, pixels in track(loaded, stage, -(-len(rows) // size), self.progress):
            if len(batch_rows):
                yield batch_rows, as_float(pixels, self.device)

    def _reject(self, row: int, error: ImageError) -> None:
        entry = rejection(self.samples, row, str(error))
        self.state.rejected[entry.id] = entry


def _parameter_groups(model: nn.Module, lr: float, head_lr_ratio: float) -> list[dict[str, Any]]:
    head = getattr(model, "head", None)
    if not isinstance(head, nn.Module):
        if head_lr_ratio != 1.0:
            raise InputError(
                f"head_lr_ratio is {head_lr_ratio}, but the model has no submodule named 'head'; "
                "name it so, or use head_lr_ratio=1"
            )
        return [{"params": list(model.parameters())}]
    of_head = {id(parameter) for parameter in head.parameters()}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in of_head]
    groups = [{"params": rest, "lr": lr}, {"params": list(head.parameters()), "lr": lr * head_lr_ratio}]
    return [group for group in groups if group["params"]]
