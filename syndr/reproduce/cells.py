"""The runs that a table needs: which recipe, for which cells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syndr.recipe import Recipe, make_recipe
from syndr.reproduce.candidates import Candidates
from syndr.reproduce.options import Options
from syndr.reproduce.plan import TRAINING, Method, Plan, Target


@dataclass(frozen=True)
class Cell:
    """One training, and the targets that the model is tested on.

    Attributes:
        method: The row.
        targets: The columns: those that train on the same types.
        seed: Seed of every draw.
        split: Of a within-database experiment.
    """

    method: Method
    targets: tuple[Target, ...]
    seed: int
    split: int | None

    @property
    def name(self) -> str:
        """What it is called in folders and messages."""
        split = "" if self.split is None else f"-split{self.split}"
        return f"{self.method.key}-to-{'-'.join(target.key for target in self.targets)}{split}-seed{self.seed}"


def cells_of(plan: Plan, options: Options, there: Mapping[str, Path]) -> Iterator[Cell]:
    """Give the trainings that a table needs, for the targets whose databases are there."""
    groups: dict[tuple[object, ...], list[Target]] = {}
    for target in plan.targets:
        if target.database in there:
            groups.setdefault((_types(target, options), target.within), []).append(target)
    for method in plan.methods:
        for targets in map(tuple, groups.values()):
            if targets[0].within:
                for split in options.splits:
                    yield Cell(method, targets, options.seeds[0], split)
            else:
                for seed in options.used_seeds:
                    yield Cell(method, targets, seed, None)


def _types(target: Target, options: Options) -> str | None:
    return target.released_types if options.preset == "released" and target.released_types else target.types


def recipe_of(
    cell: Cell, plan: Plan, options: Options, there: Mapping[str, Path], candidates: Candidates | None
) -> Recipe:
    """Write the recipe of a cell; ``candidates`` is None for a method without new references.

    Its folder's name ends in a hash of the recipe, so that tables share runs, and other settings get folders of their
    own.
    """
    method = cell.method
    caps, network = options.caps(), options.network(plan.backbone)
    training: dict[str, Any] = {"database": TRAINING, "root": str(there[TRAINING])}
    types = _types(cell.targets[0], options)
    training |= {} if types is None else {"types": types}
    training |= {} if cell.split is None else {"split": cell.split}
    select: dict[str, Any] = {"enabled": False}
    if candidates is not None:
        select = {"method": method.select, "max_selected": method.max_selected}
    downsample: dict[str, Any] = {"enabled": method.thin}
    if method.thin and options.released_index_bug:
        downsample["index_bug"] = True
    settings = {
        "output": "",
        "preset": options.preset,
        "seed": cell.seed,
        "device": options.device,
        "cache_gib": options.cache_gib,
        "training_set": training,
        "pool": {} if candidates is None else {"images": str(candidates.path)},
        "features": {
            "backbone": network["name"],
            "weights": network["weights"],
            "folder": str(options.out / "features"),
        },
        "select": select,
        "downsample": downsample,
        "train": caps["train"],
        "evaluation": caps["evaluation"],
        "targets": [_target(target, cell, there) for target in cell.targets],
    }
    deciding = {key: value for key, value in settings.items() if key not in ("output", "device", "cache_gib")}
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:8]
    settings["output"] = str(options.out / "runs" / f"{cell.name}-{digest}")
    return make_recipe(settings)


def _target(target: Target, cell: Cell, there: Mapping[str, Path]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": target.key, "database": target.database, "root": str(there[target.database])}
    found |= {} if target.subset is None else {"subset": target.subset}
    return found | ({} if cell.split is None else {"split": cell.split})
