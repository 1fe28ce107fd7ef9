"""Commands for whole jobs: demo, run, report, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syndr.cli.console import Json, Place, Places, Seed, bars, set_aside, show, table


def demo(
    photos: Annotated[
        Path | None, typer.Option(help="A folder of your own photographs, 4 to 12 of which are used.", exists=True)
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the report and the results.")] = Path(
        "syndr-demo"
    ),
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Do the main job on real photographs, in a few minutes and without a network.

    Makes a KADID-like set, reshapes it with DDCUp and DRCDown, and tests on photographs never seen.

    Example: `syndr demo --photos holiday/ -o holiday-demo`
    """
    from syndr.demo import demo_page, photos_in_folder, run_demo, shipped_photos
    from syndr.features import build_backbone
    from syndr.files import write_json
    from syndr.report import write

    used, rejected = (shipped_photos(), []) if photos is None else photos_in_folder(photos, seed=seed)
    set_aside(out / "photos", rejected)
    with bars() as progress:
        result = run_demo(used, build_backbone("efficientnet_lite0"), out / "windows", seed, progress=progress)
    report = out / "report.html"
    write(demo_page(result), report)
    write_json(out / "results.json", result.as_dict())

    folds = result.folds
    variants = [
        (
            row["variant"],
            round(row["rows"]),
            f"{row['srcc']:.3f} ± {row['srcc_sd']:.3f}",
            f"{row['plcc']:.3f} ± {row['plcc_sd']:.3f}",
        )
        for row in result.table()
    ]
    sizes = [
        (
            fold.held_out,
            len(fold.selection.indices) or "none",
            len(fold.candidates),
            fold.before.n,
            fold.after.n,
            f"{fold.before.eta:.3f}",
            f"{fold.after.eta:.3f}",
        )
        for fold in folds
    ]
    empty = [fold.held_out for fold in folds if len(fold.selection.indices) == 0]
    show(
        {**result.as_dict(), "report": str(report)},
        as_json,
        table(
            ["training data", "rows", "SRCC", "PLCC"],
            variants,
            f"On photographs never seen: mean ± sd over {len(folds)} held out (k = {result.neighbours} neighbours)",
        ),
        table(
            ["held out", "selected", "of", "originals", "thinned to", "eta before", "eta after"],
            sizes,
            "Reshaping, fold by fold",
        ),
        *(
            [f"DDCUp selected none with {', '.join(empty)} held out: there both DDCUp rows train on the originals."]
            if empty
            else []
        ),
        table(["stage", "seconds"], [(name, round(value, 1)) for name, value in result.seconds.items()], "Time"),
        f"report: {report}",
    )


def run(
    recipe: Annotated[Path, typer.Argument(help="The experiment, a TOML file.", exists=True, dir_okay=False)],
    output: Annotated[
        str | None, typer.Option("--out", "--output", "-o", help="Folder, instead of the recipe's own.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every draw, instead of the recipe's own.")] = None,
    as_json: Json = False,
) -> None:
    """Run an experiment: features, DDCUp, pseudo-labels, training with DRCDown, evaluation, report.

    Run it again to go on where it stopped.

    Example: `syndr run recipe.toml`
    """
    from msgspec import structs

    from syndr.pipeline import run as run_pipeline
    from syndr.recipe import read_recipe

    plan = read_recipe(recipe)
    changes = {"output": output, "seed": seed}
    plan = structs.replace(plan, **{key: value for key, value in changes.items() if value is not None})
    with bars() as progress:
        summaries = run_pipeline(plan, progress)
    rows = summaries["synthesize"]
    measured = [
        (name, metrics["srcc"], metrics["plcc"], metrics["protocol"]) for name, metrics in summaries["evaluate"].items()
    ]
    show(
        summaries,
        as_json,
        f"selected: {summaries['select'].get('counts', {}).get('selected', 0)} candidates",
        f"training rows: {rows['originals']} originals + {rows['pseudo']} pseudo-labelled",
        f"last epoch: {summaries['train']['kept']} of {summaries['train']['rows']} rows",
        table(["target", "SRCC", "PLCC", "protocol"], measured) if measured else "no targets to evaluate",
        f"report: {summaries['report']}",
    )


def report(
    folder: Annotated[Path, typer.Argument(help="A folder that `syndr run` made.", exists=True, file_okay=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The page; report.html in the folder by default.")
    ] = None,
    places: Places = Place.auto,
    as_json: Json = False,
) -> None:
    """Write a run's report as one self-contained HTML page; `syndr downsample --report` writes that of a thinning.

    Example: `syndr report runs/first -o first.html`
    """
    from syndr.inputs import thumbnails_of
    from syndr.report import write_report

    path = out or folder / "report.html"
    write_report(folder, path, thumbnails_of, places.value)
    show({"report": str(path)}, as_json, f"report: {path}")


def doctor(as_json: Json = False) -> None:
    """Say what this machine can do: torch, GPU, native kernels, codecs, extras.

    Example: `syndr doctor --json`
    """
    from syndr.doctor import examine

    found = examine()
    show(
        found,
        as_json,
        table(["part", "state"], [(name, state) for name, state in found["parts"].items()]),
        *(f"problem: {problem}" for problem in found["problems"]),
    )
    if found["problems"]:
        raise typer.Exit(1)


COMMANDS = (demo, run, report, doctor)
