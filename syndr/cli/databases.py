"""Commands for IQA databases: datasets, datasets show, datasets check, datasets read."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from syndr.cli.console import Json, SpreadsheetSafe, bars, set_aside, show, table, table_option, write_table
from syndr.datasets import DATABASES, SPLITS, Database, check_database, find_database, read_database, split_by_reference

app = typer.Typer(rich_markup_mode="markdown")

Name = Annotated[str, typer.Argument(help="A database's name or alias, as `syndr datasets` lists them.")]
Root = Annotated[Path, typer.Argument(help="Its folder, as it is downloaded and unpacked.", exists=True)]
LabelVariant = Annotated[str | None, typer.Option("--labels", help="Variant of the scores; the first by default.")]
PictureVariant = Annotated[
    str | None, typer.Option("--pictures", help="Variant of the pictures; the first by default.")
]


@app.callback(invoke_without_command=True)
def datasets(context: typer.Context, as_json: Json = False) -> None:
    """List the IQA databases that there are readers for.

    Example: `syndr datasets`, `syndr datasets check koniq10k data/koniq10k`
    """
    if context.invoked_subcommand is not None:
        return
    rows = [
        (
            database.name,
            database.title,
            f"{database.samples:,}",
            database.references or "-",
            "; ".join(_labels(database)) or "none (a pool)",
        )
        for database in DATABASES.values()
    ]
    show(
        {name: asdict(database) for name, database in DATABASES.items()},
        as_json,
        table(["name", "database", "pictures", "references", "labels (the first is the default)"], rows),
        "syndr datasets show NAME: files, citation, where to ask for it; syndr datasets check NAME ROOT: is it whole?",
    )


@app.command("show")
def show_database(name: Name, as_json: Json = False) -> None:
    """Say what a database's folder holds, what its scores mean, where to ask for it and whom to cite.

    Example: `syndr datasets show live`
    """
    database = find_database(name)
    facts = [
        ("names", ", ".join((database.name, *database.aliases))),
        ("labels", "; ".join(_labels(database)) or "none (a pool of candidates)"),
        ("pictures", ", ".join(variant.name for variant in database.pictures)),
        ("input size", f"{database.input_size}; presets paper and released: {database.paper_input_size}"),
        ("reference", database.reference_column or "-"),
        ("distortion", database.distortion_column or "-"),
        ("subsets", ", ".join(database.subsets) or "-"),
        ("official split", database.official_split or "none; ten by reference, 80 to 20"),
        ("cite", database.citation),
        ("ask for it", database.page),
    ]
    parts = [
        (part.path, part.count or "file", f"{part.what}{' (optional)' if part.optional else ''}")
        for part in database.parts
    ]
    show(
        asdict(database),
        as_json,
        database.title,
        *(f"{name}: {text}" for name, text in facts),
        table(["in the folder", "pictures", "what"], parts),
    )


@app.command("check")
def check(
    name: Name,
    root: Root,
    labels: LabelVariant = None,
    pictures: PictureVariant = None,
    decode: Annotated[bool, typer.Option(help="Also read every picture and compare its size.")] = True,
    as_json: Json = False,
) -> None:
    """Say what is there of a database, what is missing and where it belongs; ends with 1 when something is wrong.

    Example: `syndr datasets check koniq10k data/koniq10k --labels mos-0-100`
    """
    with bars() as progress:
        found = check_database(name, root, labels=labels, pictures=pictures, decode_pictures=decode, progress=progress)
    result: dict[str, Any] = {
        "database": found.database.name,
        "parts": {each.part.path: each.state for each in found.found},
        "rows": found.rows,
        "references": found.references,
        "labels": found.labels,
        "unreadable": [asdict(entry) for entry in found.unreadable],
        "problems": list(found.problems),
    }
    summary = f"{found.rows} rows, {found.references} references"
    if found.labels is not None:
        summary += f", labels from {found.labels[0]:g} to {found.labels[1]:g}"
    show(
        result,
        as_json,
        table(["in the folder", "state"], [(each.part.path, each.state) for each in found.found], found.database.title),
        *([] if found.rows is None else [summary]),
        *(f"problem: {problem}" for problem in found.problems),
        *([] if found.problems else ["whole" if decode else "whole, as far as names and labels tell"]),
    )
    if found.problems:
        raise typer.Exit(1)


@app.command("read")
def read(
    name: Name,
    root: Root,
    out: Annotated[Path, table_option("The sample table")],
    labels: LabelVariant = None,
    pictures: PictureVariant = None,
    subset: Annotated[
        str | None, typer.Option(help="Only these distortions, such as PIPAL's algorithmic or 3.")
    ] = None,
    split: Annotated[
        int | None,
        typer.Option(help="Fill the column split with this split by reference, 0 to 9.", min=0, max=SPLITS - 1),
    ] = None,
    spreadsheet_safe: SpreadsheetSafe = False,
    as_json: Json = False,
) -> None:
    """Write a database as a sample table: native score, quality from 0 to 10, reference, distortion, level.

    Example: `syndr datasets read live data/databaserelease2 -o live.parquet --labels original`
    """
    database = find_database(name)
    found = read_database(name, root, labels=labels, pictures=pictures, subset=subset)
    samples = found.samples if split is None else split_by_reference(found.samples, split)
    write_table(samples, out, spreadsheet_safe)
    set_aside(out, [])
    variant = database.labels_named(labels).name if database.labels else None
    result = {"table": str(out), "database": database.name, "rows": len(samples), "labels": variant}
    show(result, as_json, *(f"{key}: {value}" for key, value in result.items()))


def _labels(database: Database) -> list[str]:
    words = []
    for labels in database.labels:
        low, high = labels.scale.observed
        better = "higher" if labels.scale.higher_is_better else "lower"
        words.append(f"{labels.name} {low:.4g} to {high:.4g}, {better} is better")
    return words
