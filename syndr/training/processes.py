"""Training on several devices: each process takes its share of every batch, and they add up their gradients.

The processes are those of Hugging Face Accelerate, which starts them, picks their devices and joins them, and leaves
the model and the loop as they are; Lightning Fabric would bring its own launcher, precision and checkpoints. The model
is not wrapped: gradients, loss and the running averages of batch normalization travel in one sum per step, so that a
process whose share is empty, since its pictures could not be read, holds nobody up, and every process always holds the
same weights. The price is that the sum does not begin before the backward pass has ended.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from accelerate import Accelerator


class Processes:
    """The processes of a run; with no accelerator, this one alone.

    Attributes:
        count: How many there are.
        number: Which one this is, from 0; the first one writes files and reports.
    """

    def __init__(self, accelerator: Accelerator | None = None) -> None:
        self._accelerator = accelerator
        self.count: int = 1 if accelerator is None else accelerator.num_processes
        self.number: int = 0 if accelerator is None else accelerator.process_index

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and reports."""
        return self.number == 0

    def share(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Give this process's part of some rows; it may be empty."""
        return np.array_split(rows, self.count)[self.number]

    def add_up(self, model: nn.Module, outcome: Tensor, planned: int) -> Tensor:
        """Add up gradients over the processes and average the model's floating buffers.

        Args:
            model: Holds gradients of (sum of losses) / ``planned``; absent ones count as zero.
            outcome: This process's (sum of losses / ``planned``, number of pictures), (2,).
            planned: Pictures that the step was meant to have; the gradients become those of the mean over the pictures
                that it really had.

        Returns:
            The mean loss over all pictures and their number.
        """
        gradients = [parameter for parameter in model.parameters() if parameter.requires_grad]
        buffers = [buffer for buffer in model.buffers() if buffer.is_floating_point()]
        for parameter in gradients:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        values = [parameter.grad for parameter in gradients] + [buffer / self.count for buffer in buffers]
        flat = torch.cat([outcome, *(value.float().flatten() for value in values if value is not None)])
        flat = self._accelerator.reduce(flat, "sum")  # type: ignore[union-attr]
        outcome, flat = flat[:2], flat[2:]
        actual = planned / outcome[1].clamp_min(1)
        sizes = [value.numel() for value in [*gradients, *buffers]]
        parts = flat.split(sizes)
        for parameter, part in zip(gradients, parts, strict=False):
            parameter.grad.copy_((part * actual).view_as(parameter))  # type: ignore[union-attr]
        for buffer, part in zip(buffers, parts[len(gradients) :], strict=True):
            buffer.copy_(part.view_as(buffer))
        return torch.stack([outcome[0] * actual, outcome[1]])

    def gather_rows(self, rows: Tensor) -> Tensor:
        """Put the rows (n, ...) of all processes together, those of the first process first; n may differ."""
        if self._accelerator is None or self.count == 1:
            return rows
        counts = self._accelerator.gather(torch.tensor([len(rows)], device=rows.device)).tolist()
        padded = rows.new_zeros(max(counts), *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = self._accelerator.gather(padded).split(max(counts)) if max(counts) else [rows]
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=False)])

    def gather_entries(self, entries: list[Any], device: torch.device) -> list[Any]:
        """Put lists of JSON values of all processes together, in the processes' order."""
        if self.count == 1:
            return entries
        lines = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
        own = torch.frombuffer(bytearray(lines), dtype=torch.uint8) if lines else torch.empty(0, dtype=torch.uint8)
        everyone = bytes(self.gather_rows(own.to(device)).cpu().tolist()).decode()
        return [json.loads(line) for line in everyone.splitlines()]
