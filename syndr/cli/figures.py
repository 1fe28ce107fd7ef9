"""The command for the paper's figures."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from syndr.cli.console import Json, Place, Places, Seed, show
from syndr.errors import InputError
from syndr.features import FeatureStore, read_features
from syndr.samples import Samples


class Number(StrEnum):
    """Which of the paper's figures."""

    one = "1"
    three = "3"
    four = "4"
    five = "5"


def _figure_file(path: Path) -> Path:
    from syndr.report.figures import check_figure_suffix

    check_figure_suffix(path)
    return path


def figure(
    number: Annotated[Number, typer.Argument(help="1 and 5: one representation; 3: several; 4: pictures and scores.")],
    inputs: Annotated[
        list[Path],
        typer.Argument(
            help="1, 5: features; 3: features by each of the models; 4: a table of predictions.", exists=True
        ),
    ],
    labels: Annotated[
        Path | None,
        typer.Option(help="Sample table of the features' ids: quality, reference, type.", exists=True),
    ] = None,
    names: Annotated[str, typer.Option(help="For 3: what the models are, separated by commas.")] = "",
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The figure: .png, .svg or .pdf.", callback=_figure_file)
    ] = Path("figure.pdf"),
    places: Places = Place.auto,
    most: Annotated[int, typer.Option(help="Most points in 1, 3, 5; a draw by --seed beyond it.", min=2)] = 10_125,
    count: Annotated[int, typer.Option(help="Most pictures in 4.", min=1)] = 12,
    clip_iqa: Annotated[bool, typer.Option(help="For 4: CLIP-IQA's scores too, by pyiqa or torchmetrics.")] = True,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Draw figure 1, 3, 4 or 5 of the paper for your own data.

    Example: `syndr figure 1 kadid.features --labels kadid.parquet -o figure1.pdf`
    """
    from syndr.report.figures import qualitative_figure, representation_figure, save_figure, trainings_figure

    if number is not Number.three and len(inputs) != 1:
        raise InputError(f"figure {number} is drawn from one file or folder, not {len(inputs)}")
    if number is Number.four:
        made = qualitative_figure(Samples.read(inputs[0]), count=count, clip_iqa=clip_iqa)
    elif number is Number.three:
        titles = [name.strip() for name in names.split(",")] if names else [path.stem for path in inputs]
        samples = _samples(inputs[0], labels)
        chosen = _drawn(samples, most, seed)
        if "quality" not in samples:
            raise InputError("figure 3 needs a column 'quality': give --labels a table that has it")
        features = [_rows(path, samples)[chosen] for path in inputs]
        made = trainings_figure(features, titles, samples["quality"][chosen], method=places.value, seed=seed)
    else:
        samples = _samples(inputs[0], labels)
        chosen = _drawn(samples, most, seed)
        features_of_one = _rows(inputs[0], samples)[chosen]
        made = representation_figure(features_of_one, samples.take(chosen), method=places.value, seed=seed)
    save_figure(made, out)
    said = made.get_supxlabel()
    show({"figure": str(out), "note": said}, as_json, f"figure: {out}", said)


def _samples(features: Path, labels: Path | None) -> Samples:
    """Give the samples that are drawn: those of the labels that have features, in the features' order."""
    store = FeatureStore.open(features) if (features / "manifest.json").exists() else None
    ids = store.ids if store is not None else read_features(features)[0]
    if labels is None:
        if store is None:
            raise InputError(f"{features} says nothing of its rows: give --labels a sample table")
        return store.samples
    table = Samples.read(labels)
    if ids is None:
        rows = len(read_features(features)[1])
        if rows != len(table):
            raise InputError(f"{features} has no ids and {rows} rows, {labels} has {len(table)}; they must be the same")
        return table
    return table.by_id([name for name in ids if name in table.row_of])


def _rows(path: Path, samples: Samples) -> Any:
    """Give the samples' features, in the samples' order."""
    if (path / "manifest.json").exists():
        return FeatureStore.open(path).rows(samples.ids)
    ids, features = read_features(path)
    if ids is None:
        if len(features) != len(samples):
            raise InputError(
                f"{path}: {len(features)} rows without ids for {len(samples)} samples; they must be the same"
            )
        return np.asarray(features)
    row_of = {name: row for row, name in enumerate(ids)}
    missing = [name for name in samples.ids if name not in row_of]
    if missing:
        raise InputError(f"{path}: no features for {len(missing)} of the samples, first {missing[:5]}; extract them")
    return np.asarray(features)[[row_of[name] for name in samples.ids]]


def _drawn(samples: Samples, most: int, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    from syndr.report.sections.maps import drawn

    return drawn(samples.ids, most, seed)


COMMANDS = (figure,)
