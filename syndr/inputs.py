"""What a recipe's input keys name, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from syndr.datasets import QUALITY, LabelScale, find_database, read_database, released_references
from syndr.errors import InputError, require
from syndr.images import samples_from_folder
from syndr.recipe import Recipe
from syndr.samples import Samples


def thumbnail_of(path: str) -> bytes:
    """Give a small JPEG of a picture; raises ImageError when it cannot be read."""
    from syndr.images import decode, encode_thumbnail

    return encode_thumbnail(decode(path))


def check_device(name: str) -> str:
    """Give a torch device's name back; raises InputError when there is no such device here."""
    if name == "cpu":
        return name
    torch = require("torch", "torch")
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"device {name!r} cannot be used here ({reason}); `syndr doctor` tells what there is"
        ) from error
    return name


def table_or_folder(path: str | Path) -> Samples:
    """Read a sample table, or list the pictures of a folder.

    Raises:
        InputError: When there is no such file or folder, or it is neither.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    return samples_from_folder(path) if path.is_dir() else Samples.read(path)


@dataclass(frozen=True)
class TrainingData:
    """The labelled originals of a recipe.

    Attributes:
        originals: What is trained on: rows of the wanted types and levels, on the wanted label scale.
        labelled: What pseudo-labels are borrowed from: all rows, on the database's own scale.
        references: The reference pictures; None when the recipe names none.
    """

    originals: Samples
    labelled: Samples
    references: Samples | None


def training_set(recipe: Recipe) -> TrainingData:
    """Read a recipe's training set.

    The released code leaves seven references out of training, but not out of DDCUp and the pseudo-labels, and refits
    the label scale on the originals alone: so do ``reference_list`` and ``label_scale``.
    """
    source = recipe.training_set
    scale = QUALITY
    references: Samples | None = None
    if source.database == "kadid10k":
        found = read_database(source.database, str(source.root))
        samples, references = found.samples, found.references
        scale = find_database(source.database).labels_named().scale
    else:
        samples = Samples.read(str(source.samples))
        references = None if source.references is None else table_or_folder(source.references)
        checked_quality(samples, str(source.samples))
    if "origin" not in samples:
        samples = samples.with_column("origin", ["original"] * len(samples))
    labelled = samples
    if source.reference_list == "released-74":
        if source.database != "kadid10k":
            raise InputError("training_set.reference_list = 'released-74' is a list of KADID-10k's references")
        assert references is not None
        samples = samples.take(np.isin(samples["reference"], released_references(references).ids))
    for column, wanted in (("type", source.types), ("level", source.levels)):
        if wanted is not None:
            samples = samples.take(np.isin(samples[column], wanted))
    if len(samples) == 0:
        raise InputError("the training set has no row of the types and levels asked for")
    if source.label_scale == "subset":
        column = "score" if "score" in samples else "quality"
        scores = samples[column]
        if np.ptp(scores) == 0:
            raise InputError("label_scale = 'subset' needs labels that differ")
        refitted = LabelScale(scale.name, scale.declared, (float(scores.min()), float(scores.max())))
        samples = samples.with_column("quality", refitted.quality(scores, samples.ids))
    return TrainingData(samples, labelled, references)


def checked_quality(samples: Samples, name: str) -> None:
    """Refuse a table whose qualities are not on the 0-10 scale."""
    if "quality" not in samples:
        raise InputError(f"{name}: the table needs a column 'quality' (0-10, higher is better)")
    LabelScale(name, QUALITY.declared, QUALITY.observed).quality(samples["quality"], samples.ids)
