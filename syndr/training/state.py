"""The state of a training run after an epoch, so that an interrupted run goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from syndr.errors import StoreError
from syndr.images import Rejected
from syndr.samples import Samples
from syndr.training.tensor_file import read_tensors, write_tensors
from syndr.training.thinning import Thinner

_KIND = "state of training, version 1"
_MODEL, _OPTIMIZER, _DROPPED = "model.", "optimizer.", "dropped_once"

# What of a sample decides training; where its file lies does not.
_DECIDING_COLUMNS = ("id", "quality", "origin", "type", "level", "seed", "input_size")


@dataclass(frozen=True)
class EpochLog:
    """What happened in one epoch.

    Attributes:
        epoch: Counted from 0.
        loss: Mean absolute error over the epoch's rows, each under the weights of its step.
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


@dataclass
class RunState:
    """What a run carries from epoch to epoch beside the model and the optimizer.

    Attributes:
        log: One entry for each epoch finished.
        rejected: The pictures that could not be read, by id.
        dropped_once: With ``refresh="once"``, the rows that the one thinning dropped; None before it.
    """

    log: list[EpochLog] = field(default_factory=list)
    rejected: dict[str, Rejected] = field(default_factory=dict)
    dropped_once: npt.NDArray[np.int64] | None = None


def save_state(
    folder: Path, state: RunState, model: nn.Module, optimizer: torch.optim.Optimizer, settings: Mapping[str, Any]
) -> None:
    """Replace the state in a checkpoint folder, in one atomic step."""
    tensors: dict[str, Tensor] = {_MODEL + name: tensor for name, tensor in model.state_dict().items()}
    for number, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"{_OPTIMIZER}{number}.{slot}": tensor for slot, tensor in slots.items()}
    if state.dropped_once is not None:
        tensors[_DROPPED] = torch.from_numpy(state.dropped_once)
    description = {
        "kind": _KIND,
        "settings": dict(settings),
        "log": [asdict(entry) for entry in state.log],
        "rejected": [asdict(entry) for entry in state.rejected.values()],
    }
    write_tensors(_file(folder), tensors, description)


def load_state(
    folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, settings: Mapping[str, Any]
) -> RunState:
    """Put model and optimizer into the state of a checkpoint folder; an empty folder is a fresh run.

    Raises:
        StoreError: When the checkpoint is damaged, was made with other settings, or fits another model.
    """
    path = _file(folder)
    if not path.exists():
        return RunState()
    tensors, description = read_tensors(path, _KIND)
    _check_settings(path, description["settings"], settings)
    dropped = tensors.pop(_DROPPED, None)
    slots: dict[int, dict[str, Tensor]] = {}
    for name in [name for name in tensors if name.startswith(_OPTIMIZER)]:
        number, slot = name.removeprefix(_OPTIMIZER).split(".")
        slots.setdefault(int(number), {})[slot] = tensors.pop(name)
    try:
        model.load_state_dict({name.removeprefix(_MODEL): tensor for name, tensor in tensors.items()})
        optimizer.load_state_dict({"state": slots, "param_groups": optimizer.state_dict()["param_groups"]})
    except (RuntimeError, ValueError) as error:
        raise StoreError(f"{path}: the checkpoint is of another model: {error}") from error
    return RunState(
        log=[EpochLog(**entry) for entry in description["log"]],
        rejected={entry["id"]: Rejected(**entry) for entry in description["rejected"]},
        dropped_once=None if dropped is None else dropped.numpy(),
    )


def data_hash(samples: Samples) -> str:
    """Hash the columns of a sample table that decide training."""
    return samples.columns(*(name for name in _DECIDING_COLUMNS if name in samples)).content_hash()


def describe_thinner(thinning: Thinner | None) -> dict[str, Any] | None:
    """Give a thinner's class and parameters; what it learnt (names ending in "_") is no setting."""
    if thinning is None:
        return None
    plain = (str, int, float, bool, type(None))
    parameters = {
        name: value if isinstance(value, plain) else type(value).__name__
        for name, value in vars(thinning).items()
        if not name.startswith("_") and not name.endswith("_")
    }
    return {"class": type(thinning).__name__, **parameters}


def _file(folder: Path) -> Path:
    return folder / "training.safetensors"


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
