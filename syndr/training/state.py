"""The state of a training run between two steps, so that an interrupted run goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from syndr.errors import InputError, StoreError
from syndr.images import Rejected
from syndr.samples import Samples
from syndr.training.tensor_file import read_tensors, write_tensors
from syndr.training.thinning import Thinner

_KIND = "state of training, version 2"
_MODEL, _OPTIMIZER, _DROPPED = "model.", "optimizer.", "dropped_once"
_EPOCH_DROPPED, _EPOCH_OUTCOMES = "epoch.dropped", "epoch.outcomes"

# What of a sample decides training; where its file lies does not.
_DECIDING_COLUMNS = ("id", "quality", "origin", "type", "level", "seed")


@dataclass(frozen=True)
class EpochLog:
    """What happened in one epoch.

    Attributes:
        epoch: Counted from 0.
        loss: Mean loss over the epoch's rows, each under the weights of its step: the mean absolute error unless a
            loss of one's own was given.
        rows: Rows trained on.
        dropped: Rows that thinning left out.
        seconds: Wall time of the whole epoch.
        thinning_seconds: The part of it spent on features for thinning and on thinning.
    """

    epoch: int
    loss: float
    rows: int
    dropped: int
    seconds: float
    thinning_seconds: float

    @property
    def thinning_share(self) -> float:
        """The share of the epoch's time that thinning took, in [0, 1]."""
        return self.thinning_seconds / self.seconds if self.seconds > 0 else 0.0

    def as_row(self) -> dict[str, int | float]:
        """Give the entry as a row of a table, the share of thinning included."""
        return asdict(self) | {"thinning_share": self.thinning_share}


@dataclass
class EpochState:
    """An epoch under way.

    Attributes:
        dropped: The rows that thinning leaves out of it.
        steps: Its steps that are done, those without a readable picture included.
        outcomes: Mean loss and number of pictures of each step that had any, float32 (2,).
        seconds: Wall time spent on it before the last interruption.
        thinning_seconds: The part of it that was spent on thinning.
    """

    dropped: npt.NDArray[np.int64]
    steps: int = 0
    outcomes: list[Tensor] = field(default_factory=list)
    seconds: float = 0.0
    thinning_seconds: float = 0.0


@dataclass
class RunState:
    """What a run carries from step to step beside the model and the optimizer.

    Attributes:
        log: One entry for each epoch finished.
        rejected: The pictures that could not be read, by id.
        dropped_once: With ``refresh="once"``, the rows that the one thinning dropped; None before it.
        epoch: The epoch under way; None between two.
    """

    log: list[EpochLog] = field(default_factory=list)
    rejected: dict[str, Rejected] = field(default_factory=dict)
    dropped_once: npt.NDArray[np.int64] | None = None
    epoch: EpochState | None = None


@dataclass(frozen=True)
class Checkpoint:
    """The file in a checkpoint folder, and what it holds the state of.

    Attributes:
        path: The file.
        model: The model.
        optimizer: Its optimizer.
        scaler: Of float16 gradients.
        settings: What decides training; a file made with others is refused.
    """

    path: Path
    model: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    settings: Mapping[str, Any]

    def save(self, state: RunState) -> None:
        """Replace the file, in one atomic step."""
        tensors: dict[str, Tensor] = {_MODEL + name: tensor for name, tensor in self.model.state_dict().items()}
        for number, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {
                f"{_OPTIMIZER}{number}.{slot}": _kept(slot, value) for slot, value in slots.items() if value is not None
            }
        if state.dropped_once is not None:
            tensors[_DROPPED] = torch.from_numpy(state.dropped_once)
        epoch = None
        if state.epoch is not None:
            tensors[_EPOCH_DROPPED] = torch.from_numpy(state.epoch.dropped)
            tensors[_EPOCH_OUTCOMES] = torch.tensor([outcome.tolist() for outcome in state.epoch.outcomes]).view(-1, 2)
            epoch = {name: getattr(state.epoch, name) for name in ("steps", "seconds", "thinning_seconds")}
        description = {
            "kind": _KIND,
            "settings": dict(self.settings),
            "log": [asdict(entry) for entry in state.log],
            "rejected": [asdict(entry) for entry in state.rejected.values()],
            "epoch": epoch,
            "scaler": self.scaler.state_dict(),
        }
        write_tensors(self.path, tensors, description)

    def load(self) -> RunState:
        """Put model, optimizer and scaler into the state of the file; without one it is a fresh run.

        Raises:
            StoreError: When the file is damaged, was made with other settings, or fits another model.
        """
        if not self.path.exists():
            return RunState()
        tensors, description = read_tensors(self.path, _KIND)
        try:
            return self._restored(tensors, description)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise StoreError(f"{self.path}: the state is damaged ({error!r}); delete it to begin again") from error

    def _restored(self, tensors: dict[str, Tensor], description: Mapping[str, Any]) -> RunState:
        _check_settings(self.path, description["settings"], self.settings)
        dropped = tensors.pop(_DROPPED, None)
        epoch = None
        if description["epoch"] is not None:
            of_epoch = tensors.pop(_EPOCH_DROPPED).numpy(), tensors.pop(_EPOCH_OUTCOMES)
            epoch = EpochState(dropped=of_epoch[0], outcomes=list(of_epoch[1]), **description["epoch"])
        slots: dict[int, dict[str, Tensor]] = {}
        for name in [name for name in tensors if name.startswith(_OPTIMIZER)]:
            number, slot = name.removeprefix(_OPTIMIZER).split(".")
            slots.setdefault(int(number), {})[slot] = tensors.pop(name)
        groups = self.optimizer.state_dict()["param_groups"]
        try:
            self.model.load_state_dict({name.removeprefix(_MODEL): tensor for name, tensor in tensors.items()})
            self.optimizer.load_state_dict({"state": slots, "param_groups": groups})
            self._lay_out_as_weights()
            self.scaler.load_state_dict(description["scaler"])
        except (RuntimeError, ValueError) as error:
            raise StoreError(
                f"{self.path}: its tensors do not fit this model and optimizer ({error}); delete it to begin again"
            ) from error
        return RunState(
            log=[EpochLog(**entry) for entry in description["log"]],
            rejected={entry["id"]: Rejected(**entry) for entry in description["rejected"]},
            dropped_once=None if dropped is None else dropped.numpy(),
            epoch=epoch,
        )

    def _lay_out_as_weights(self) -> None:
        """Give the optimizer's averages the strides of their weights (channels last, say), as fused steps need them."""
        for weight, slots in self.optimizer.state.items():
            for name, value in slots.items():
                if value.shape == weight.shape:
                    slots[name] = torch.empty_like(weight, dtype=value.dtype, requires_grad=False).copy_(value)


def _kept(slot: str, value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise InputError(
            f"the optimizer keeps {slot} as {type(value).__name__}; only tensors can be kept and gone on with"
        )
    return value


def data_hash(samples: Samples) -> str:
    """Hash the columns of a sample table that decide training."""
    return samples.columns(*(name for name in _DECIDING_COLUMNS if name in samples)).content_hash()


def describe_thinner(thinning: Thinner | None) -> dict[str, Any] | None:
    """Give a thinner's class and parameters; what it learnt (names ending in "_") is no setting."""
    if thinning is None:
        return None
    parameters = {
        name: _described(value)
        for name, value in vars(thinning).items()
        if not name.startswith("_") and not name.endswith("_")
    }
    return {"class": type(thinning).__name__, **parameters}


def _described(value: Any) -> Any:
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    return describe_thinner(value) if hasattr(value, "fit") else type(value).__name__  # one that wraps another


def _check_settings(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    different = [
        f"{name} is {found.get(name)!r} there and {wanted.get(name)!r} here"
        for name in sorted({*found, *wanted})
        if found.get(name) != wanted.get(name)
    ]
    if different:
        raise StoreError(
            f"{path}: made with other settings: {'; '.join(different)}. Use them, or another checkpoint folder"
        )
