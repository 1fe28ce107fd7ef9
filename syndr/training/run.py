"""An epoch of training: thinned, and then one step after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from syndr.errors import ImageError, InputError
from syndr.images import Rejected
from syndr.images.devices import send
from syndr.progress import Progress, track
from syndr.rng import mix
from syndr.samples import Samples
from syndr.training.crops import CropSource, EpochCrops, epoch_order
from syndr.training.data import as_float, batches_of, load_groups, rejection
from syndr.training.memory import tidied
from syndr.training.seeded import seeded
from syndr.training.settings import Settings
from syndr.training.state import EpochState, RunState
from syndr.training.step import Batch, Step
from syndr.training.thinning import Thinner, dropped_rows


@dataclass(frozen=True)
class Run:
    """What every epoch of a run shares.

    Attributes:
        step: Takes a step.
        samples: The training set.
        quality: Its labels (N,).
        pictures: Gives its crops.
        settings: How to train.
        device: Where.
        threads: Threads that load pictures ahead.
        state: What has been done so far.
        save: Keeps the state.
        save_every: Steps of an epoch between two savings.
        progress: Told of steps and of features for thinning.
    """

    step: Step
    samples: Samples
    quality: npt.NDArray[np.float64]
    pictures: CropSource
    settings: Settings
    device: torch.device
    threads: int | None
    state: RunState
    save: Callable[[], None]
    save_every: int
    progress: Progress

    def begin(self, thinning: Thinner | None, eligible: npt.NDArray[np.int64], epoch: int) -> None:
        """Begin an epoch: decide which rows it does without."""
        started = time.perf_counter()
        dropped = np.empty(0, dtype=np.int64) if thinning is None else self.state.dropped_once
        if dropped is None:
            readable, features = self._center_features(eligible)
            dropped = dropped_rows(thinning, features, self.quality, self.samples.ids, readable, epoch)  # type: ignore[arg-type]
            if self.settings.refresh == "once":
                self.state.dropped_once = dropped
        self.state.epoch = EpochState(dropped)
        if thinning is not None:
            self.state.epoch.thinning_seconds = self.state.epoch.seconds = time.perf_counter() - started

    def train(self, at: EpochState, epoch: int) -> tuple[float, int]:
        """Take the steps of an epoch that are not done yet.

        Returns:
            The mean loss and the number of rows that could be read, of the whole epoch.
        """
        started, before = time.perf_counter(), at.seconds
        ids, settings, processes = self.samples.ids, self.settings, self.step.processes
        rows = np.delete(np.arange(len(self.samples)), at.dropped)
        crops = EpochCrops(self.pictures, ids, settings.seed, epoch, settings.crop, settings.flip)
        batches = batches_of(epoch_order(ids, rows, settings.seed, epoch), settings.batch_size)
        steps, batches = len(batches), batches[at.steps :]
        self.step.model.train()
        loaded = self._loaded(crops.load, batches, "steps", at.steps)
        with seeded(self.device, settings.seed), closing(loaded):
            for batch, planned in zip(tidied(loaded), map(len, batches), strict=True):
                # What is random inside the model depends on the step alone, so that a run can go on from any.
                torch.manual_seed(mix(settings.seed, epoch, at.steps, processes.number))
                if len(batch.rows) or processes.count > 1:
                    done = (epoch + at.steps / steps) / settings.epochs
                    at.outcomes.append(self.step(batch, planned, settings.rate(done)))
                at.steps += 1
                at.seconds = before + time.perf_counter() - started
                if at.steps % self.save_every == 0:
                    self._share_rejected()
                    self.save()
        self._share_rejected()
        # Fetched once per epoch: asking a device for each loss would make it wait at each step.
        outcomes = np.array([outcome.tolist() for outcome in at.outcomes]).reshape(-1, 2)
        trained = int(outcomes[:, 1].sum())
        if not trained:
            some = "; ".join(entry.reason for entry in list(self.state.rejected.values())[:3])
            raise ImageError(f"epoch {epoch}: none of its {len(rows)} pictures can be read: {some}")
        mean = float(np.average(outcomes[:, 0], weights=outcomes[:, 1]))
        if not np.isfinite(mean):
            raise InputError(f"the loss is {mean} in epoch {epoch}: training diverged; use a smaller lr")
        at.seconds = before + time.perf_counter() - started
        return mean, trained

    @torch.inference_mode()
    def _center_features(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Give the rows whose pictures can be read, ascending, and their features by the model as it is now."""
        self.step.model.eval()
        readable = [torch.empty(0, dtype=torch.int64)]
        features: list[Tensor] = []

        def load(rows: Sequence[int]) -> list[Tensor | ImageError]:
            return self.pictures.crops(rows, self.settings.crop)

        for batch in tidied(self._loaded(load, batches_of(rows, self.settings.batch_size), "features for thinning")):
            if len(batch.rows):
                readable.append(torch.from_numpy(batch.rows))
                features.append(self.step.forward(batch.images)[1].float())
        gathered = self.step.processes.gather_rows(torch.cat(readable).to(self.device)).cpu().numpy()
        if not len(gathered):
            return gathered, np.empty((0, 0), dtype=np.float32)
        own = torch.cat(features) if features else self.step.forward(self._blank())[1].float()[:0]
        order = np.argsort(gathered)
        return gathered[order], self.step.processes.gather_rows(own).cpu().numpy()[order]

    def _blank(self) -> Tensor:
        return torch.zeros(1, 3, self.settings.crop, self.settings.crop, device=self.device)

    def _loaded(
        self,
        load: Callable[[Sequence[int]], list[Tensor | ImageError]],
        batches: list[npt.NDArray[np.int64]],
        stage: str,
        done: int = 0,
    ) -> Generator[Batch]:
        """Load this process's share of each batch, ahead of its use."""
        shares = [self.step.processes.share(batch) for batch in batches]
        made_on = torch.device(getattr(self.pictures, "device", "cpu"))
        together_on = None if made_on.type == "cpu" else made_on
        loaded = load_groups(load, shares, self._reject, self.threads, together_on)
        total = done + len(batches)
        with closing(loaded):
            for rows, pixels in track(loaded, stage, total, self.progress, done):
                quality = send(torch.from_numpy(self.quality[rows]).float(), self.device)
                yield Batch(as_float(pixels, self.device), quality, rows)

    def _reject(self, row: int, error: ImageError) -> None:
        entry = rejection(self.samples, row, str(error))
        self.state.rejected[entry.id] = entry

    def _share_rejected(self) -> None:
        entries = [[entry.id, entry.path, entry.reason] for entry in self.state.rejected.values()]
        for entry in self.step.processes.gather_entries(entries, self.device):
            self.state.rejected.setdefault(entry[0], Rejected(*entry))
