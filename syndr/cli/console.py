"""How commands talk: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from syndr import progress
from syndr.errors import InputError
from syndr.files import plain
from syndr.images import Rejected, write_rejected
from syndr.samples import Samples
from syndr.tables import safe_text, spreadsheet_safe

# A file may be called :cat:.png.
out = Console(emoji=False)
err = Console(stderr=True, emoji=False)

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


class Place(StrEnum):
    """How points are placed in the plane."""

    auto = "auto"
    umap = "umap"
    pca = "pca"


Places = Annotated[Place, typer.Option(help="Places of points: auto is UMAP where it is installed, else PCA.")]
#: What an option ``--only`` takes (``syndr.inputs.chosen_ids``).
ONLY = "a table with their ids; of one by select those selected, of one by downsample those kept"
Seed = Annotated[int, typer.Option(help="Seed of every draw.")]


class EngineName(StrEnum):
    """Who does the work."""

    local = "local"
    ray = "ray"


EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="local: this process; ray: the workers of a Ray cluster.")
]
Address = Annotated[
    str | None,
    typer.Option(help="The Ray cluster's head, such as host:6379; by default RAY_ADDRESS, or this machine alone."),
]


def _device(name: str) -> str:
    from syndr.inputs import check_device

    return check_device(name)


def _table_file(path: Path | None) -> Path | None:
    """Refuse a table's name before the work, not after it."""
    if path is not None:
        Samples.check_suffix(path)
    return path


def _dncnn_weights(path: Path | None) -> Path | None:
    """Choose type 15's network for the whole process; the commands that take the option need do no more."""
    if path is not None:
        from syndr.distort import set_dncnn_weights

        set_dncnn_weights(path)
    return path


DncnnWeights = Annotated[
    Path | None,
    typer.Option(
        "--dncnn-weights",
        help="Grey DnCNN (.pth, .safetensors) for distortion type 15, instead of the one shipped.",
        exists=True,
        dir_okay=False,
        callback=_dncnn_weights,
    ),
]
CacheGib = Annotated[
    float, typer.Option(help="Most memory for pictures that are kept from epoch to epoch, in GiB.", min=0)
]
Device = Annotated[str, typer.Option(help="Where torch computes: cpu, cuda, cuda:1, mps.", callback=_device)]


def table_option(text: str) -> Any:
    """Make the option ``--out`` for a table to write."""
    # Eager: read before --spreadsheet-safe, which looks at it.
    return typer.Option(
        "--out", "-o", help=f"{text} (.csv, .parquet or .jsonl).", dir_okay=False, callback=_table_file, is_eager=True
    )


def _only_csv(context: typer.Context, safe: bool) -> bool:
    out = context.params.get("out")
    if safe and out is not None and Path(out).suffix.lower() != ".csv":
        raise InputError(f"{out}: --spreadsheet-safe is for .csv, the kind that spreadsheets take formulas from")
    return safe


SpreadsheetSafe = Annotated[
    bool,
    typer.Option(
        "--spreadsheet-safe",
        help="For a .csv that people will open in a spreadsheet: a ' before each text that it would take for a "
        "formula. Other commands would then read changed ids.",
        callback=_only_csv,
    ),
]


def write_table(samples: Samples, out: Path, safe: bool) -> None:
    """Write a result, as it is or so that no spreadsheet takes a text in it for a formula."""
    (spreadsheet_safe(samples) if safe else samples).write(out)


def set_aside(out: Path | None, rejected: Sequence[Rejected], safe: bool = False) -> None:
    """List what was set aside in ``<out>.rejected.csv``; nothing set aside, or no ``out``, leaves no such file."""
    listed = ""
    if out is not None:
        path = out.with_name(f"{out.name}.rejected.csv")
        path.unlink(missing_ok=True)
        if rejected:
            as_written = [Rejected(*map(safe_text, astuple(entry))) for entry in rejected] if safe else rejected
            write_rejected(path, as_written)
            listed = f", see {path}"
    if rejected:
        note(f"{len(rejected)} set aside{listed}; first {rejected[0].id}: {rejected[0].reason}")


@contextmanager
def bars() -> Iterator[progress.Progress]:
    """Show a bar for each stage on a terminal; elsewhere, one line when a stage is done."""
    if not err.is_terminal:
        yield _line
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err) as shown:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(stage, total=total)
            shown.update(tasks[stage], completed=done, total=total)

        yield report


def _line(stage: str, done: int, total: int) -> None:
    if done == total:
        err.print(f"{stage}: {total} done", markup=False, highlight=False)


def show(result: Mapping[str, Any], as_json: bool, *parts: str | Table) -> None:
    """Print a result: as JSON when asked for, else the parts meant for people."""
    if as_json:
        # Plain print: rich would wrap long lines. NaN is not JSON.
        print(json.dumps(plain(result), ensure_ascii=False, allow_nan=False))  # noqa: T201
        return
    for part in parts:
        out.print(part, markup=False, highlight=False, soft_wrap=not isinstance(part, Table))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> Table:
    """Lay out rows; numbers stand right."""
    made = Table(title=title, title_justify="left", header_style="bold")
    for position, name in enumerate(columns):
        numeric = all(isinstance(row[position], int | float) for row in rows)
        made.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*(f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row))
    return made


def note(text: str) -> None:
    """Say something beside the result."""
    err.print(text, markup=False, highlight=False, soft_wrap=True)
