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


class Source(_Section, frozen=True):
    """Labelled pictures: a database by name and root, or a table of one's own."""

    database: str | None = None  # a name or alias that `syndr datasets` lists
    root: str | None = None  # its folder, as it is downloaded
    labels: str | None = None  # variant of the scores; None: the registry's default
    pictures: str | None = None  # variant of the pictures; None: the registry's default
    subset: str | None = None  # only these distortions, such as PIPAL's "algorithmic" or "3"
    samples: str | None = None  # table with id, path, quality; or imagefolder's, or pyiqa's meta-info
    images: str | None = None  # the table's pictures; None: where the table says, or beside it
    score: str | None = None  # column of the table's native scores, where it has no quality
    score_range: tuple[float, float] | None = None  # their lowest and highest possible value
    higher_is_better: bool | None = None  # their direction; it has no default
    split: Annotated[int, msgspec.Meta(ge=0)] | Literal["official"] | None = None  # 0..9: by reference
    input_size: str | None = None  # native, shorter-512, 512x512 ...; None: the registry's for the preset

    def check(self, where: str) -> None:
        """Check what concerns more than one key; ``where`` is for the ValueError."""
        if (self.database is None) == (self.samples is None):
            raise ValueError(f"{where} needs either database and root, or samples (and references)")
        if self.database is not None and self.root is None:
            raise ValueError(f"{where}.root must name the folder of {self.database}")
        of_tables = {"images": self.images, "score": self.score, "score_range": self.score_range}
        of_databases = {"root": self.root, "labels": self.labels, "pictures": self.pictures, "subset": self.subset}
        foreign = of_tables if self.samples is None else of_databases
        for key, value in foreign.items():
            if value is not None:
                raise ValueError(f"{where}.{key} does not go with {'database' if self.samples is None else 'samples'}")


class TrainingSet(Source, frozen=True):
    """The labelled originals; a split's training part when there is one."""

    references: str | None = None  # of a table of one's own: table with id, path; or a folder of pictures
    types: tuple[KadidType, ...] | str | None = None  # None: all in the table; a preset such as "dgqa-livec"
    levels: tuple[KadidLevel, ...] | None = None
    reference_list: Literal["all", "released-74"] = "all"
    label_scale: Literal["database", "subset"] = "database"


class Pool(_Section, frozen=True):
    """The candidate references: a folder of pictures, a table with id and path, or a database such as KADIS-700k."""

    images: str | None = None
    database: str | None = None
    root: str | None = None


class Features(_Section, frozen=True):
    """The frozen network of DDCUp, which is also the one that is trained."""

    backbone: str = "resnet50"
    weights: str | None = None  # None: the backbone's own ImageNet weights
    batch_size: Positive = 32
    folder: str | None = None  # where DDCUp's features are kept for several runs to share; None: in the run's folder


class Select(_Section, frozen=True):
    """DDCUp (Algorithm 1)."""

    enabled: bool = True
    method: Literal["ddcup", "all"] = "ddcup"  # "all" takes every candidate: the paper's ablation "CD"
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
    index_bug: bool = False  # apply the decisions to the wrong rows, as the released code does (released-74 only)


class Train(_Section, frozen=True):
    """Training of the regressor (paper, section 4.1)."""

    epochs: Positive = 24
    batch_size: Positive = 32
    lr: PositiveFloat = 2e-5
    head_lr_ratio: PositiveFloat = 10.0
    weight_decay: Annotated[float, msgspec.Meta(ge=0)] = 5e-4
    flip: bool = True
    precision: Literal["float32", "bfloat16", "float16"] = "float32"  # of the forward pass
    accumulate: Positive = 1  # forward passes that a step's pictures are split into
    max_rows: Positive | None = None  # train on a draw of at most so many rows: for a quick look, not for results


class Target(Source, frozen=True, kw_only=True):
    """Labelled pictures to evaluate on; a split's test part when there is one."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]+$")]


class Evaluation(_Section, frozen=True):
    """How predictions are made and which epoch is reported."""

    crops: Literal["random", "corners", "full"] = "random"
    seeded: bool = True
    reported: Literal["last", "best_on_target"] = "last"
    leakage: Literal["refuse", "allow"] = "refuse"  # a target's reference or file that training sees too
    max_images: Positive | None = None  # evaluate on a draw of at most so many pictures of each target


class Recipe(_Section, frozen=True):
    """A whole experiment; paths are relative to the working directory."""

    output: str
    training_set: TrainingSet
    preset: Literal["fixed", "paper", "released"] = "fixed"
    seed: int = 0
    device: str = "cpu"
    cache_gib: Annotated[float, msgspec.Meta(ge=0)] = 2.0  # most memory for pictures kept from epoch to epoch
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
        source.check("training_set")
        for target in self.targets:
            target.check(f"target {target.name}")
        if source.database is not None and source.references is not None:
            raise ValueError("training_set.references does not go with database, which brings its own")
        if source.samples is not None and source.references is None and self.select.enabled:
            raise ValueError("training_set.references must name the reference pictures, or set select.enabled = false")
        pool = self.pool
        if self.select.enabled and pool.images is None and pool.database is None:
            raise ValueError("pool.images must name the candidate pictures, or set select.enabled = false")
        if (pool.database is None) != (pool.root is None) or (pool.images is not None and pool.database is not None):
            raise ValueError("pool needs either images, or database and root")
        if len({target.name for target in self.targets}) != len(self.targets):
            raise ValueError("targets must have different names")
        if self.downsample.index_bug and source.reference_list != "released-74":
            raise ValueError(
                "downsample.index_bug needs training_set.reference_list = 'released-74', the list it shifts"
            )

    def as_dict(self) -> dict[str, Any]:
        """Give the recipe with every default filled in, as plain types."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


#: What a preset changes (docs/algorithms.md says why); "fixed" is the defaults above.
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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    try:
        return make_recipe(settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
