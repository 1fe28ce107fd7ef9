"""The settings that decide what a run of training learns."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
        check_refresh(self.refresh)


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


def check_refresh(refresh: str) -> None:
    """Refuse an unknown time of thinning.

    Raises:
        InputError: Naming the choices.
    """
    if refresh not in ("epoch", "once"):
        raise InputError(f"refresh must be 'epoch' or 'once', not {refresh!r}")
