"""How a database is declared: what its folder holds, what its scores mean, who to cite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from syndr.datasets.label_scale import LabelScale
from syndr.errors import InputError
from syndr.samples import Samples


@dataclass(frozen=True)
class Labels:
    """One published variant of a database's scores.

    Attributes:
        name: What recipes call it.
        column: Where the score stands in the database's own files.
        scale: Range, direction, and the map to 0-10.
    """

    name: str
    column: str
    scale: LabelScale


@dataclass(frozen=True)
class Pictures:
    """One published variant of a database's pictures.

    Attributes:
        name: What recipes call it.
        size: (width, height) of every picture in pixels; None where they differ.
    """

    name: str
    size: tuple[int, int] | None = None


Variant = TypeVar("Variant", Labels, Pictures)


@dataclass(frozen=True)
class Part:
    """A file or folder that the download holds.

    Attributes:
        path: Where it belongs, relative to the root, with forward slashes.
        what: What it is.
        count: Pictures in the folder; None for a file.
        others: Other places where readers of this package look for it.
        optional: The database can be read without it.
        labels: The label variants that need it; empty for all.
        pictures: The picture variants that need it; empty for all.
    """

    path: str
    what: str
    count: int | None = None
    others: tuple[str, ...] = ()
    optional: bool = False
    labels: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Database:
    """One database.

    Attributes:
        name: What recipes and commands call it.
        title: What papers call it.
        aliases: Other names for it; case and punctuation do not matter.
        samples: Rows of the full published table.
        references: Number of reference pictures; 0 where distortions are authentic.
        labels: Variants of the scores, the default first; empty for a pool without scores.
        pictures: Variants of the pictures, the default first.
        parts: What the folder holds.
        citation: The paper to cite.
        page: Where to ask for it, in words.
        reference_column: Where the reference of a picture is written.
        distortion_column: Where its distortion is written.
        subsets: Named sets of the column ``distortion`` to which the rows can be cut.
        official_split: What split the authors publish; None for none. It is then in the column ``split``.
        input_size: How pictures are resized before crops are cut (``syndr.images.resize_input``).
        paper_input_size: The same in the presets "paper" and "released".
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    samples: int
    references: int
    labels: tuple[Labels, ...]
    pictures: tuple[Pictures, ...]
    parts: tuple[Part, ...]
    citation: str
    page: str
    reference_column: str | None = None
    distortion_column: str | None = None
    subsets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    official_split: str | None = None
    input_size: str = "native"
    paper_input_size: str = "native"

    def labels_named(self, name: str | None = None) -> Labels:
        """Give a label variant, by default the first; raises InputError with the choices, or for a pool."""
        if not self.labels:
            raise InputError(
                f"{self.title} has no labels: it is a pool of candidates, to select from and synthesize with"
            )
        return _choice(self, "labels", self.labels, name)

    def pictures_named(self, name: str | None = None) -> Pictures:
        """Give a picture variant, by default the first; raises InputError with the choices."""
        return _choice(self, "pictures", self.pictures, name)

    def places(self, path: str) -> tuple[str, ...]:
        """Give where a part may lie, first where it belongs; ``path`` is that of the part."""
        part = next(part for part in self.parts if part.path == path)
        return (part.path, *part.others)

    def distortions_of(self, subset: str) -> tuple[str, ...]:
        """Give the distortions of a subset; raises InputError with the choices."""
        if subset not in self.subsets:
            there = f"choose one of {', '.join(self.subsets)}" if self.subsets else "there are none to choose from"
            raise InputError(f"{self.title} has no subset {subset!r}; {there}")
        return self.subsets[subset]


def _choice(database: Database, kind: str, variants: tuple[Variant, ...], name: str | None) -> Variant:
    if name is None:
        return variants[0]
    for variant in variants:
        if variant.name == name:
            return variant
    raise InputError(
        f"{database.title} has no {kind} {name!r}; choose one of {', '.join(variant.name for variant in variants)}"
    )


@dataclass(frozen=True)
class Request:
    """What a reader is asked for.

    Attributes:
        database: The database.
        root: Its folder, as it is downloaded.
        labels: The label variant; None for a pool.
        pictures: The picture variant.
    """

    database: Database
    root: Path
    labels: Labels | None
    pictures: Pictures


@dataclass(frozen=True)
class Tables:
    """A database as tables.

    Attributes:
        samples: One row per labelled picture, or per candidate of a pool.
        references: The reference pictures (id, path); None where there are none.
    """

    samples: Samples
    references: Samples | None = None
