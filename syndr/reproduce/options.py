"""What the user may change about a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from syndr.datasets import SPLITS
from syndr.errors import InputError

Preset = Literal["fixed", "paper", "released"]

#: What ``--smoke`` caps: enough to go through every step, too little to mean anything.
SMOKE_EPOCHS, SMOKE_ROWS, SMOKE_IMAGES, SMOKE_SPLITS, SMOKE_POOL = 1, 8, 6, 2, 100
SMOKE_BACKBONE, SMOKE_WEIGHTS = "shufflenet_v2_x0_5", "random"


@dataclass(frozen=True)
class Options:
    """How to measure a table.

    Attributes:
        root: Holds the databases' folders.
        out: For runs, features, candidate lists and the tables.
        only: Rows and targets to measure; empty for all.
        preset: The recipe's preset.
        seeds: One training each; within a database the splits are the repetitions, with the first seed.
        epochs: Of each training; None for the recipe's.
        backbone: Network; None for the table's.
        weights: Of the network; None for ImageNet's.
        device: Where torch computes.
        cache_gib: Most memory for pictures that are kept from epoch to epoch, in GiB.
        smoke: Go through every step with the caps above; the numbers mean nothing.
        peers: Also measure other models that an installed pyiqa has.
        released_index_bug: Re-create the released code's mix-up of lists; preset "released" only.
    """

    root: Path
    out: Path
    only: tuple[str, ...] = ()
    preset: Preset = "fixed"
    seeds: tuple[int, ...] = (0, 1, 2)
    epochs: int | None = None
    backbone: str | None = None
    weights: str | None = None
    device: str = "cpu"
    cache_gib: float = 2.0
    smoke: bool = False
    peers: bool = False
    released_index_bug: bool = False

    def __post_init__(self) -> None:
        """Refuse what does not go together.

        Raises:
            InputError: Naming the option.
        """
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise InputError(f"seeds must be different numbers, at least one, not {list(self.seeds)}")
        if self.released_index_bug and self.preset != "released":
            raise InputError("the released index bug is one of preset 'released': choose that preset too")

    def stem(self, table: str) -> Path:
        """Give the path, without suffix, of a table measured this way: what differs in kind stands side by side."""
        words = [table, *[self.preset] * (self.preset != "fixed"), *["index-bug"] * self.released_index_bug]
        return self.out / "-".join([*words, *["smoke"] * self.smoke])

    @property
    def splits(self) -> tuple[int, ...]:
        """The splits of a within-database experiment."""
        return tuple(range(SMOKE_SPLITS if self.smoke else SPLITS))

    @property
    def used_seeds(self) -> tuple[int, ...]:
        """The seeds; a smoke run takes the first alone."""
        return self.seeds[:1] if self.smoke else self.seeds

    def network(self, of_table: str) -> dict[str, Any]:
        """Give the name and the weights of the network (``build_backbone``) for a table's own name."""
        if self.smoke and self.backbone is None:
            return {"name": SMOKE_BACKBONE, "weights": self.weights or SMOKE_WEIGHTS}
        return {"name": self.backbone or of_table, "weights": self.weights}

    def caps(self) -> dict[str, dict[str, int]]:
        """Give the recipe's sections of training and evaluation."""
        epochs = self.epochs or (SMOKE_EPOCHS if self.smoke else None)
        train = {} if epochs is None else {"epochs": epochs}
        if not self.smoke:
            return {"train": train, "evaluation": {}}
        return {"train": train | {"max_rows": SMOKE_ROWS}, "evaluation": {"max_images": SMOKE_IMAGES}}
