"""One optimizer step: forward in parts, gradients added up, and the weights moved once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from syndr.errors import InputError
from syndr.training.processes import Processes


@dataclass(frozen=True)
class Batch:
    """Pictures that go through the model together.

    Attributes:
        images: float32 (B, 3, crop, crop) in [0, 1], RGB, on the model's device.
        quality: Their labels, float32 (B,), on that device.
        rows: Their rows in the sample table, int64 (B,).
    """

    images: Tensor
    quality: Tensor
    rows: npt.NDArray[np.int64]

    def part(self, rows: slice) -> Batch:
        """Give some of the pictures."""
        return Batch(self.images[rows], self.quality[rows], self.rows[rows])


#: The model and a batch to the batch's mean loss, a tensor without dimensions; gradients flow from it.
Loss = Callable[[nn.Module, Batch], Tensor]


def l1(model: nn.Module, batch: Batch) -> Tensor:
    """Mean absolute error of the scores (paper, section 4.1).

    Raises:
        InputError: When the model does not give one score per picture.
    """
    score, _ = model(batch.images)
    if score.shape != batch.quality.shape:
        raise InputError(
            f"the model must give one score per picture, shape {tuple(batch.quality.shape)}, not {tuple(score.shape)}"
        )
    return nn.functional.l1_loss(score.float(), batch.quality)


@dataclass(frozen=True)
class Step:
    """What every step of a run shares, and how one is taken.

    A subclass given to :func:`syndr.training.fit` may take it in another way: :meth:`move` comes after the gradients.

    Attributes:
        model: The model, in training mode.
        optimizer: Moves its weights.
        loss: What is minimized.
        parts: Forward passes that a step's pictures are split into.
        autocast: Number format of the forward pass; None for float32 throughout.
        scaler: Scales the loss, lest float16 gradients vanish.
        processes: Who shares the step.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    loss: Loss
    parts: int
    autocast: torch.dtype | None
    scaler: torch.amp.GradScaler
    processes: Processes

    def __call__(self, batch: Batch, planned: int, rate: float = 1.0) -> Tensor:
        """Take a step.

        Args:
            batch: This process's share of the step's pictures.
            planned: Pictures that all processes meant to load for it; unreadable ones may be missing.
            rate: Factor of the learning rates that the optimizer was made with, which it notes as ``initial_lr``.

        Returns:
            The mean loss over all processes' pictures and their number, float32 (2,), on the device.
        """
        device, count = batch.images.device, len(batch.rows)
        alone = self.processes.count == 1
        whole = count if alone else planned
        self.optimizer.zero_grad()
        losses = torch.zeros((), device=device)
        for rows in _parts(count, self.parts):
            part = batch.part(rows)
            with self._autocast(device):
                loss = self.loss(self.model, part)
            if loss.shape != ():
                raise InputError(f"the loss must be one number, a tensor without dimensions, not {tuple(loss.shape)}")
            share = len(part.rows) / whole
            self.scaler.scale(loss * share).backward()  # type: ignore[no-untyped-call]
            losses += loss.detach() * share
        outcome = torch.stack([losses, torch.full((), float(count), device=device)])
        if not alone:
            outcome = self.processes.add_up(self.model, outcome, planned)
            # Who has a picture knows that there is one without waiting for the device.
            if not count and not outcome[1]:
                return outcome
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * rate
        self.move()
        return outcome

    def move(self) -> None:
        """Move the weights along their gradients, which are the whole step's, over all parts and processes.

        With float16 they are scaled until ``self.scaler.unscale_(self.optimizer)``, which changes nothing otherwise.
        """
        self.scaler.step(self.optimizer)
        self.scaler.update()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give scores and features in the number format of training, without a step."""
        with self._autocast(images.device):
            score, feature = self.model(images)
        return score, feature

    def _autocast(self, device: torch.device) -> torch.autocast:
        return torch.autocast(device.type, self.autocast, enabled=self.autocast is not None)


def _parts(count: int, parts: int) -> list[slice]:
    """Cut a number of rows into slices that differ by one row at most; none is empty."""
    ends = [count * part // parts for part in range(parts + 1)]
    return [slice(start, end) for start, end in pairwise(ends) if end > start]
