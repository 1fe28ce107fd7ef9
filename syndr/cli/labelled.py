"""Labelled pictures on the command line: a sample table, or a database by name with one of its splits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from syndr.errors import InputError
from syndr.recipe import Source
from syndr.samples import Samples
from syndr.sources import labelled_set

Database = Annotated[str | None, typer.Option(help="A database that `syndr datasets` lists, instead of a table.")]
Root = Annotated[Path | None, typer.Option(help="The database's folder, as it is downloaded.", exists=True)]
Labels = Annotated[str | None, typer.Option(help="Variant of the database's scores.")]
Split = Annotated[str | None, typer.Option(help="Of the database: 'official', or 0 to 9 by reference, 80/20.")]
InputSize = Annotated[
    str | None,
    typer.Option(
        help="Bring pictures to this size: native, shorter-512, 512x512 ...; by default the database's, or that of the "
        "model's training."
    ),
]


@dataclass(frozen=True)
class LabelledPictures:
    """What a command works on.

    Attributes:
        samples: The rows.
        input_size: What their pictures are brought to.
        words: What they are, for protocols.
    """

    samples: Samples
    input_size: str
    words: str


def labelled_pictures(
    table: Path | None,
    database: str | None,
    root: Path | None,
    labels: str | None,
    split: str | None,
    input_size: str | None,
    part: Literal["train", "test"],
    size_of_table: str = "native",
) -> LabelledPictures:
    """Read what the options name; of a split, one part. ``size_of_table`` is a table's input size if none is asked for.

    Raises:
        InputError: When the options name nothing, or two things, or it cannot be read.
    """
    from syndr.images import check_input_size

    if (table is None) == (database is None):
        raise InputError("give either a sample table, or --database and --root")
    if input_size is not None:
        check_input_size(input_size)
    if table is not None:
        if root is not None or labels is not None or split is not None:
            raise InputError("--root, --labels and --split go with --database, not with a sample table")
        size = input_size or size_of_table
        return LabelledPictures(Samples.read(table), size, f"{table}, input {size}")
    source = Source(
        database=database,
        root=None if root is None else str(root),
        labels=labels,
        split=_split(split),
        input_size=input_size,
    )
    if root is None:
        raise InputError(f"--root must name the folder of {database}")
    found = labelled_set(source, part, "fixed", str(database))
    return LabelledPictures(found.samples, found.input_size, found.protocol)


def _split(text: str | None) -> int | Literal["official"] | None:
    if text is None:
        return None
    if text == "official":
        return "official"
    if not text.isdecimal():
        raise InputError(f"--split must be 'official' or a number from 0, not {text!r}")
    return int(text)
