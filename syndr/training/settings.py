"""The settings that decide what a run of training learns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from syndr.errors import InputError
from syndr.training.thinning import Refresh, Scope

#: Number format of the forward pass; all but float32 are torch's autocast, float16 with a scaled loss.
Precision = Literal["float32", "bfloat16", "float16"]

#: How the learning rates change over a run: not at all, or up over its first twentieth and then down to nothing along
#: half a cosine (Loshchilov & Hutter 2017, without restarts).
Schedule = Literal["constant", "cosine"]

_WARM_UP = 0.05


@dataclass(frozen=True)
class Settings:
    """Checked arguments of :func:`syndr.training.fit`, which describes them."""

    epochs: int
    batch_size: int
    lr: float
    head_lr_ratio: float
    weight_decay: float
    crop: int
    flip: bool
    seed: int
    refresh: Refresh
    scope: Scope
    precision: Precision
    accumulate: int
    schedule: Schedule = "constant"

    def __post_init__(self) -> None:
        """Refuse values that cannot train.

        Raises:
            InputError: Naming the argument.
        """
        check_schedule(self.epochs, self.batch_size, self.lr, self.weight_decay)
        if not (self.head_lr_ratio > 0 and math.isfinite(self.head_lr_ratio)):
            raise InputError(f"head_lr_ratio must be positive and finite, not {self.head_lr_ratio}")
        if self.crop < 1:
            raise InputError(f"crop must be at least 1 pixel, not {self.crop}")
        if not 1 <= self.accumulate <= self.batch_size:
            raise InputError(f"accumulate must be from 1 to the batch size {self.batch_size}, not {self.accumulate}")
        check_choice("precision", self.precision, get_args(Precision))
        check_choice("refresh", self.refresh, get_args(Refresh))
        check_choice("scope", self.scope, get_args(Scope))
        check_choice("schedule", self.schedule, get_args(Schedule))

    def rate(self, done: float) -> float:
        """Give the factor of the learning rates where this share of the run is done, in [0, 1)."""
        if self.schedule == "constant":
            return 1.0
        return min(done / _WARM_UP, 1.0) * 0.5 * (1 + math.cos(math.pi * done))


def check_schedule(epochs: int, batch_size: int, lr: float, weight_decay: float) -> None:
    """Refuse a schedule that cannot train.

    Raises:
        InputError: Naming the argument.
    """
    if epochs < 1 or batch_size < 1:
        raise InputError(f"epochs and batch_size must be at least 1, not {epochs} and {batch_size}")
    if not (lr > 0 and math.isfinite(lr)):
        raise InputError(f"lr must be positive and finite, not {lr}")
    if not (weight_decay >= 0 and math.isfinite(weight_decay)):
        raise InputError(f"weight_decay must be finite and not negative, not {weight_decay}")


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is not one of the choices.

    Raises:
        InputError: Naming the argument and the choices.
    """
    if value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
