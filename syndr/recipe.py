"""The experiment file: what to reshape, train and evaluate, checked before anything runs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from syndr.errors import InputError

Positive = Annotated[int, msgspec.Meta(ge=1)]
PositiveFloat = Annotated[float, msgspec.Meta(gt=0)]
KadidType = Annotated[int, msgspec.Meta(ge=1, le=25)]
KadidLevel = Annotated[int, msgspec.Meta(ge=1, le=5)]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all sections share: an unknown key is an error, not a setting that does nothing."""


class TrainingSet(_Section, frozen=True):
    """The labelled originals: a database by name and root, or tables of one's own."""

    database: Literal["kadid10k"] | None = None
    root: str | None = None
    samples: str | None = None  # table with id, path, reference, type, level, quality
    references: str | None = None  # table with id, path; or a folder of pictures
    types: tuple[KadidType, ...] | None = None  # None: all in the table
    levels: tuple[KadidLevel, ...] | None = None
    reference_list: Literal["all", "released-74"] = "all"
    label_scale: Literal["database", "subset"] = "database"


class Pool(_Section, frozen=True):
    """The candidate references: a folder of pictures, or a table with id and path."""

    images: str | None = None


class Features(_Section, frozen=True):
    """The frozen network of DDCUp, which is also the one that is trained."""

    backbone: str = "resnet50"
    weights: str | None = None  # None: the backbone's own ImageNet weights
    batch_size: Positive = 32


class Select(_Section, frozen=True):
    """DDCUp (Algorithm 1)."""

    enabled: bool = True
    diversity: Literal["removal", "forward"] = "removal"
    threshold: Literal["nearest", "all_pairs"] = "nearest"
    max_selected: Positive | None = None
    order: Literal["id", "row"] = "id"  # candidates are walked by id, or in the pool's own order


class Labels(_Section, frozen=True):
    """Pseudo-labels (Algorithm 2)."""

    k: Positive = 5
    gap: PositiveFloat | Literal["none"] = 0.05  # "none" keeps all k: the effect of the sign printed in the paper
    weighting: Literal["farther", "nearer", "uniform"] = "farther"
    levels: tuple[KadidLevel, ...] = (1, 3, 5)


class Distort(_Section, frozen=True):
    """How the pseudo-labelled pictures are made."""

    dncnn_weights: str | None = None  # of type 15's network; None: the environment's choice, or the one shipped


class Downsample(_Section, frozen=True):
    """DRCDown (Algorithm 3)."""

    enabled: bool = True
    rule: Literal["released", "paper"] = "released"
    distance: Annotated[float, msgspec.Meta(gt=0, le=2)] = 0.1
    label_gap: PositiveFloat = 1.0
    min_keep: Positive = 20
    refresh: Literal["epoch", "once"] = "epoch"
    scope: Literal["originals", "all"] = "originals"


class Train(_Section, frozen=True):
    """Training of the regressor (paper, section 4.1)."""

    epochs: Positive = 24
    batch_size: Positive = 32
    lr: PositiveFloat = 2e-5
    head_lr_ratio: PositiveFloat = 10.0
    weight_decay: Annotated[float, msgspec.Meta(ge=0)] = 5e-4
    flip: bool = True


class Target(_Section, frozen=True):
    """A database to evaluate on: a table with id, path and quality."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]+$")]
    samples: str


class Evaluation(_Section, frozen=True):
    """How predictions are made and which epoch is reported."""

    crops: Literal["random", "corners", "full"] = "random"
    seeded: bool = True
    reported: Literal["last", "best_on_target"] = "last"


class Recipe(_Section, frozen=True):
    """A whole experiment; paths are relative to the working directory."""

    output: str
    training_set: TrainingSet
    preset: Literal["fixed", "paper", "released"] = "fixed"
    seed: int = 0
    device: str = "cpu"
    pool: Pool = Pool()
    features: Features = Features()
    select: Select = Select()
    labels: Labels = Labels()
    distort: Distort = Distort()
    downsample: Downsample = Downsample()
    train: Train = Train()
    evaluation: Evaluation = Evaluation()
    targets: tuple[Target, ...] = ()

    def __post_init__(self) -> None:
        """Check what concerns more than one key.

        Raises:
            ValueError: Which msgspec turns into its own error with the place.
        """
        source = self.training_set
        if (source.database is None) == (source.samples is None):
            raise ValueError("training_set needs either database and root, or samples and references")
        if source.database is not None and source.root is None:
            raise ValueError(f"training_set.root must name the folder of {source.database}")
        if source.samples is not None and source.references is None and self.select.enabled:
            raise ValueError("training_set.references must name the reference pictures, or set select.enabled = false")
        if self.select.enabled and self.pool.images is None:
            raise ValueError("pool.images must name the candidate pictures, or set select.enabled = false")
        if len({target.name for target in self.targets}) != len(self.targets):
            raise ValueError("targets must have different names")

    def as_dict(self) -> dict[str, Any]:
        """Give the recipe with every default filled in, as plain types."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


#: What a preset changes (DESIGN "Presets"); "fixed" is the defaults above.
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "fixed": {},
    "paper": {
        "select": {"diversity": "forward", "order": "row"},
        "labels": {"gap": "none"},
        "downsample": {"rule": "paper", "refresh": "once", "scope": "all"},
        "train": {"head_lr_ratio": 1.0},
    },
    "released": {
        "training_set": {"reference_list": "released-74", "label_scale": "subset"},
        "select": {"order": "row"},
        "train": {"flip": False},
        "evaluation": {"seeded": False, "reported": "best_on_target"},
    },
}


def make_recipe(settings: Mapping[str, Any]) -> Recipe:
    """Check settings and fill in what the preset and the defaults say; the settings' own keys win.

    Raises:
        InputError: In one line, with the key's place: ``Expected `int` >= 1 - at `$.train.epochs```.
    """
    preset = PRESETS.get(str(settings.get("preset", "fixed")), {})
    merged: dict[str, Any] = dict(settings)
    for section, values in preset.items():
        own = settings.get(section, {})
        merged[section] = {**values, **own} if isinstance(own, Mapping) else own
    try:
        return msgspec.convert(merged, Recipe)
    except msgspec.ValidationError as error:
        raise InputError(f"recipe: {error}") from error


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe from a TOML file.

    Raises:
        InputError: When the file is absent, not TOML, or :func:`make_recipe` refuses it.
    """
    path = Path(path)
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such recipe") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    try:
        return make_recipe(settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
