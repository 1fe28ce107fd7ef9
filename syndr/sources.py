"""What the sources that a recipe names give: training set, targets, candidate pool."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from syndr.datasets import (
    QUALITY,
    LabelScale,
    find_database,
    part_of,
    preset_types,
    read_database,
    read_labelled_table,
    released_references,
    split_by_reference,
)
from syndr.errors import InputError
from syndr.inputs import checked_quality, table_or_folder
from syndr.recipe import Pool, Recipe, Source
from syndr.rng import hash_ids
from syndr.samples import Samples

# Another purpose than the draws of training, evaluation and splits, which are 1 to 4.
_PURPOSE = 5


@dataclass(frozen=True)
class LabelledSet:
    """What a recipe's source gives.

    Attributes:
        samples: Its rows, of the wanted part of the split.
        references: Their reference pictures; None where there are none.
        scale: How its scores become qualities.
        input_size: What pictures are resized to (``syndr.images.resize_input``).
        protocol: The variants in words.
    """

    samples: Samples
    references: Samples | None
    scale: LabelScale
    input_size: str
    protocol: str


def labelled_set(source: Source, part: str, preset: str, where: str) -> LabelledSet:
    """Read a source of labelled pictures.

    Args:
        source: The recipe's section.
        part: "train" or "test": which rows are taken when it names a split.
        preset: The recipe's preset, which decides the input size where the source does not.
        where: The section, for errors.

    Raises:
        InputError: When it cannot be read, or has no such variant, split or size.
    """
    if source.database is not None:
        database = find_database(source.database)
        variant = database.labels_named(source.labels)
        found = read_database(
            source.database, str(source.root), labels=source.labels, pictures=source.pictures, subset=source.subset
        )
        samples, references, scale = found.samples, found.references, variant.scale
        size = database.input_size if preset == "fixed" else database.paper_input_size
        words = [database.title, f"labels {variant.name}", f"pictures {database.pictures_named(source.pictures).name}"]
        words += [f"subset {source.subset}"] if source.subset else []
    else:
        path = str(source.samples)
        samples = read_labelled_table(
            path,
            images=source.images,
            score=source.score,
            score_range=source.score_range,
            higher_is_better=source.higher_is_better,
        )
        references, scale, size, words = None, QUALITY, "native", []
        checked_quality(samples, where)
    if source.split is not None:
        if source.split != "official":
            samples = split_by_reference(samples, source.split)
        samples = part_of(samples, part)
        words.append(f"{part} part of split {source.split}")
        if references is not None:
            references = references.take(np.isin(references.ids, samples["reference"].astype(str)))
    size = source.input_size or size
    _check_size(size)
    return LabelledSet(samples, references, scale, size, ", ".join([*words, f"input {size}"]))


def _check_size(size: str) -> None:
    from syndr.images import check_input_size

    check_input_size(size)


def candidate_pool(pool: Pool) -> Samples | None:
    """Read the pool of a recipe; None when it names none."""
    if pool.database is not None:
        return read_database(pool.database, str(pool.root)).samples
    return None if pool.images is None else table_or_folder(pool.images)


def seeded_draw(samples: Samples, most: int | None, seed: int) -> Samples:
    """Draw at most so many rows, by a hash of (seed, id), in the table's order; a larger draw holds the smaller one."""
    if most is None or len(samples) <= most:
        return samples
    return samples.take(np.sort(np.argsort(hash_ids(samples.ids, seed, _PURPOSE), kind="stable")[:most]))


def drawn_set(found: LabelledSet, most: int | None, seed: int) -> LabelledSet:
    """Cut a labelled set to a draw; its protocol says so."""
    samples = seeded_draw(found.samples, most, seed)
    if len(samples) == len(found.samples):
        return found
    return replace(
        found, samples=samples, protocol=f"{found.protocol}, only {len(samples)} of {len(found.samples)} pictures drawn"
    )


@dataclass(frozen=True)
class TrainingData:
    """The labelled originals of a recipe.

    Attributes:
        originals: What is trained on: rows of the wanted types and levels, on the wanted label scale.
        labelled: What pseudo-labels are borrowed from: all rows, on the database's own scale.
        references: The reference pictures; None when the recipe names none.
        types: The types of pseudo-labelled pictures; empty when the rows have none.
        input_size: What the originals are resized to.
        left_out: The references that the released list leaves out.
    """

    originals: Samples
    labelled: Samples
    references: Samples | None
    types: tuple[int, ...]
    input_size: str = "native"
    left_out: frozenset[str] = frozenset()


def training_set(recipe: Recipe) -> TrainingData:
    """Read a recipe's training set.

    The released code leaves seven references out of training, but not out of DDCUp and the pseudo-labels, and refits
    the label scale on the originals alone: so do ``reference_list`` and ``label_scale``.
    """
    source = recipe.training_set
    found = labelled_set(source, "train", recipe.preset, "training_set")
    samples, references = found.samples, found.references
    if source.references is not None:
        references = table_or_folder(source.references)
    if "origin" not in samples:
        samples = samples.with_column("origin", ["original"] * len(samples))
    labelled, left_out = samples, frozenset[str]()
    if source.reference_list == "released-74":
        if references is None or source.database is None or find_database(source.database).name != "kadid10k":
            raise InputError("training_set.reference_list = 'released-74' is a list of KADID-10k's references")
        left_out = frozenset(references.ids) - frozenset(released_references(references).ids)
        if not recipe.downsample.index_bug:  # which leaves them out itself, in its own wrong way
            samples = samples.take(~np.isin(samples["reference"], sorted(left_out)))
    types = preset_types(source.types) if isinstance(source.types, str) else source.types
    for column, wanted in (("type", types), ("level", source.levels)):
        if wanted is not None:
            samples = samples.take(np.isin(samples[column], wanted))
    if len(samples) == 0:
        raise InputError("the training set has no row of the types and levels asked for")
    if source.label_scale == "subset":
        samples = _refitted(samples, found.scale)
    if types is None:
        given = samples.table["type"].drop_null().unique().to_pylist() if "type" in samples else []
        types = tuple(sorted(map(int, given)))
    if recipe.select.enabled and (not types or references is None):
        raise InputError(
            "DDCUp's pictures borrow labels by reference, KADID type and level, which the training set does not have; "
            "set select.enabled = false"
        )
    return TrainingData(samples, labelled, references, types, found.input_size, left_out)


def _refitted(samples: Samples, scale: LabelScale) -> Samples:
    scores = samples["score" if "score" in samples else "quality"]
    if np.ptp(scores) == 0:
        raise InputError(
            f"training_set.label_scale = 'subset' needs labels that differ, and all {len(scores)} are {scores[0]:g}; "
            "set it to 'database'"
        )
    observed = (float(scores.min()), float(scores.max()))
    refitted = LabelScale(scale.name, scale.declared, observed, scale.higher_is_better)
    return samples.with_column("quality", refitted.quality(scores, samples.ids))
