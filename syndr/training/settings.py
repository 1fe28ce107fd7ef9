"""The settings that decide what a run of training learns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

from syndr.errors import InputError
from syndr.training.thinning import Refresh, Scope


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
        check_choice("refresh", self.refresh, get_args(Refresh))
        check_choice("scope", self.scope, get_args(Scope))


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
