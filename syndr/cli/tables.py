"""The command that measures the paper's tables: reproduce."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from syndr.cli.console import CacheGib, Device, Json, bars, note, show, table
from syndr.errors import InputError


class TableName(StrEnum):
    """What can be reproduced."""

    table1 = "table1"
    table2 = "table2"
    table3 = "table3"
    table4 = "table4"
    table5 = "table5"
    table6 = "table6"
    scaling = "scaling"


class Preset(StrEnum):
    """How paper and released code differ (syndr/recipe.py)."""

    fixed = "fixed"
    paper = "paper"
    released = "released"


def reproduce(
    name: Annotated[TableName, typer.Argument(metavar="TABLE", help="table1 to table6, or scaling.")],
    root: Annotated[
        Path,
        typer.Option(help="Holds the databases' folders: kadid10k, kadis700k, livec ...", exists=True, file_okay=False),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the runs and the tables.")] = Path("reproduced"),
    only: Annotated[list[str] | None, typer.Option(help="A row, or a target, by its short name; repeatable.")] = None,
    preset: Annotated[Preset, typer.Option(help="The fixed protocol, the paper's, or the released code's.")] = (
        Preset.fixed
    ),
    seeds: Annotated[str, typer.Option(help="Seeds of the repetitions.")] = "0,1,2",
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs of each training, instead of 24.")] = None,
    backbone: Annotated[str | None, typer.Option(help="Network, instead of the table's own.")] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Its weights (.pth, .safetensors) instead of ImageNet's.", exists=True)
    ] = None,
    peers: Annotated[bool, typer.Option("--peers", help="Also measure other models, through pyiqa.")] = False,
    smoke: Annotated[
        bool,
        typer.Option("--smoke", help="Go through every step with a handful of pictures; the numbers mean nothing."),
    ] = False,
    released_index_bug: Annotated[
        bool,
        typer.Option("--released-index-bug", help="Re-create the released code's mix-up of lists (preset released)."),
    ] = False,
    device: Device = "cpu",
    cache_gib: CacheGib = 2.0,
    as_json: Json = False,
) -> None:
    """Measure a table of the paper on the databases below a folder, beside the published numbers.

    Run it again to go on where it stopped. What is missing is named, the rest runs.

    Example: `syndr reproduce table1 --root data/ --only livec --device cuda`
    """
    from syndr.reproduce import Options, as_dict, summary
    from syndr.reproduce import reproduce as measure_table

    options = Options(
        root=root,
        out=out,
        only=tuple(only or ()),
        preset=preset.value,
        seeds=_numbers(seeds),
        epochs=epochs,
        backbone=backbone,
        weights=None if weights is None else str(weights),
        device=device,
        cache_gib=cache_gib,
        smoke=smoke,
        peers=peers,
        released_index_bug=released_index_bug,
    )
    with bars() as progress:
        outcome = measure_table(name.value, options, progress)
    for reason in outcome.not_run:
        note(f"not run, or not whole: {reason}")
    show(
        as_dict(outcome, options),
        as_json,
        *outcome.notes,
        table(*summary(outcome), outcome.plan.title),
        f"with the protocols and the paper's other rows: {options.stem(name.value)}.md, .csv, .json",
    )
    if outcome.failures or not outcome.measured:
        raise typer.Exit(1)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(
            f"seeds must be whole numbers with commas between them, such as 0,1,2, not {text!r}"
        ) from error


COMMANDS = (reproduce,)
