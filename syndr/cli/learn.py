"""Commands for quality models: train, evaluate, score."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syndr.cli.console import (
    CacheGib,
    Device,
    DncnnWeights,
    Json,
    Seed,
    SpreadsheetSafe,
    bars,
    set_aside,
    show,
    table,
    table_option,
    write_table,
)
from syndr.cli.labelled import Database, InputSize, Labels, Root, Split, labelled_pictures
from syndr.cli.thin import Distance, LabelGap, MinKeep, Rule, ThinningRule
from syndr.downsample import DRCDown
from syndr.errors import InputError, require
from syndr.inputs import checked_quality, table_or_folder
from syndr.samples import Samples, is_table

if TYPE_CHECKING:
    from syndr.evaluation import Predictions
    from syndr.training import IQAModel


class Crops(StrEnum):
    """Which parts of a picture are scored and averaged."""

    random = "random"
    corners = "corners"
    full = "full"


class Precision(StrEnum):
    """Number format of the forward pass."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


class Refresh(StrEnum):
    """When DRCDown thins."""

    epoch = "epoch"
    once = "once"


class Scope(StrEnum):
    """Which rows DRCDown may drop."""

    originals = "originals"
    all = "all"


def train(
    samples: Annotated[
        Path | None,
        typer.Argument(
            help="Sample table with id, path and quality (0-10); rows with a seed are virtual.", exists=True
        ),
    ] = None,
    database: Database = None,
    root: Root = None,
    labels: Labels = None,
    split: Split = None,
    input_size: InputSize = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The trained model.", dir_okay=False)] = Path(
        "model.safetensors"
    ),
    backbone: Annotated[
        str, typer.Option(help="A network of torchvision or timm, or efficientnet_lite0.")
    ] = "resnet50",
    weights: Annotated[
        Path | None, typer.Option(help="Weights file (.pth, .safetensors) instead of ImageNet's.", exists=True)
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the data.")] = 24,
    batch_size: Annotated[int, typer.Option(help="Pictures per step.")] = 32,
    lr: Annotated[float, typer.Option(help="Learning rate of the backbone.")] = 2e-5,
    head_lr_ratio: Annotated[float, typer.Option(help="Learning rate of the head, in multiples of it.")] = 10.0,
    flip: Annotated[bool, typer.Option(help="Mirror half of the crops.")] = True,
    drcdown: Annotated[bool, typer.Option(help="Thin dense clusters while training.")] = True,
    distance: Distance = 0.1,
    label_gap: LabelGap = 1.0,
    min_keep: MinKeep = 20,
    rule: ThinningRule = Rule.released,
    refresh: Annotated[
        Refresh, typer.Option(help="Thin before each epoch, or once with the initial weights.")
    ] = Refresh.epoch,
    scope: Annotated[
        Scope, typer.Option(help="What DRCDown may drop: originals, or pseudo-labelled rows too.")
    ] = Scope.originals,
    precision: Annotated[Precision, typer.Option(help="Number format of the forward pass.")] = Precision.float32,
    accumulate: Annotated[int, typer.Option(help="Forward passes that a step's pictures are split into.", min=1)] = 1,
    accelerate: Annotated[
        bool, typer.Option("--accelerate", help="Share each step among the processes `accelerate launch` started.")
    ] = False,
    checkpoint: Annotated[Path | None, typer.Option(help="Folder to resume from; beside the model by default.")] = None,
    log: Annotated[Path | None, typer.Option(help="CSV file for a line per epoch.", dir_okay=False)] = None,
    tensorboard: Annotated[Path | None, typer.Option(help="Folder for TensorBoard's events.", file_okay=False)] = None,
    dncnn_weights: DncnnWeights = None,
    device: Device = "cpu",
    cache_gib: CacheGib = 2.0,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Train a quality model on a sample table or a database, thinning dense clusters as it goes.

    Run it again to go on after an interruption, at the last step that was kept. Of a database's split, the training
    part is trained on.

    Example: `syndr train samples.parquet -o model.safetensors --backbone efficientnet_lite0 --epochs 5`, or
    `syndr train --database livec --root data/ChallengeDB_release --split 0`; on several GPUs
    `accelerate launch -m syndr train samples.parquet --accelerate`
    """
    from syndr.features import build_backbone
    from syndr.training import IQAModel, fit, save_model
    from syndr.virtual import VirtualDataset

    found = labelled_pictures(samples, database, root, labels, split, input_size, "train")
    data = found.samples
    checked_quality(data, found.words)
    model = IQAModel(build_backbone(backbone, weights), seed=seed, input_size=found.input_size)
    thinning = None
    if drcdown:
        thinning = DRCDown(distance, label_gap, min_keep, rule.value, random_state=seed, on_bad_rows="set_aside")
    accelerator = require("accelerate", "accelerate").Accelerator() if accelerate else None
    if accelerator is not None:
        device = str(accelerator.device)  # where the pictures are made too
    with bars() as progress:
        result = fit(
            model,
            data,
            VirtualDataset(data, device, round(cache_gib * 2**30), cache_files=True, input_size=found.input_size),
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
            head_lr_ratio=head_lr_ratio,
            flip=flip,
            seed=seed,
            thinning=thinning,
            refresh=refresh.value,
            scope=scope.value,
            precision=precision.value,
            accumulate=accumulate,
            device=device,
            accelerator=accelerator,
            checkpoint=checkpoint or out.with_suffix(".checkpoint"),
            log=log,
            tensorboard=tensorboard,
            progress=progress,
        )
    if accelerator is not None and not accelerator.is_main_process:
        return
    trained_on = {"samples": found.words, "input_size": found.input_size, "epochs": epochs, "seed": seed}
    save_model(out, model, trained_on)
    epochs_done = [entry.as_row() for entry in result.log]
    set_aside(out, result.rejected)
    show(
        {"model": str(out), "trained_on": found.words, "log": epochs_done, "rejected": len(result.rejected)},
        as_json,
        table(list(epochs_done[0]), [list(entry.values()) for entry in epochs_done], "Training"),
        f"trained on: {found.words}",
        f"model: {out}",
    )


def evaluate(
    model: Annotated[Path, typer.Argument(help="A model that `syndr train` made.", exists=True)],
    samples: Annotated[
        Path | None, typer.Argument(help="Sample table with id, path and quality (higher is better).", exists=True)
    ] = None,
    database: Database = None,
    root: Root = None,
    labels: Labels = None,
    split: Split = None,
    input_size: InputSize = None,
    out: Annotated[Path | None, table_option("Also write the predictions")] = None,
    crops: Annotated[
        Crops, typer.Option(help="Five random crops, centre and corners, or the full picture.")
    ] = Crops.random,
    dncnn_weights: DncnnWeights = None,
    device: Device = "cpu",
    seed: Seed = 0,
    spreadsheet_safe: SpreadsheetSafe = False,
    as_json: Json = False,
) -> None:
    """Measure a model's agreement with labels: SRCC, KRCC, PLCC raw and after a logistic, RMSE, with intervals.

    Of a database's split, the test part is measured.

    Example: `syndr evaluate model.safetensors livec.csv -o predictions.csv`, or
    `syndr evaluate model.safetensors --database bid --root data/BID`
    """
    from syndr.evaluation import intervals, measure
    from syndr.training import read_model

    trained = read_model(model, device)
    found = labelled_pictures(samples, database, root, labels, split, input_size, "test", trained.input_size)
    data = found.samples
    if "quality" not in data:
        raise InputError(f"{samples}: the table needs a column 'quality' (higher is better)")
    predictions = _predict(trained, data, found.input_size, crops, device, seed)
    if out is not None:
        write_table(predictions.beside(data), out, spreadsheet_safe)
    set_aside(out, predictions.rejected, spreadsheet_safe)
    scored = predictions.scored
    scores, quality = predictions.scores[scored], data["quality"][scored]
    metrics = asdict(measure(scores, quality))
    notes = metrics.pop("notes")
    ends = intervals(scores, quality, data["reference"][scored] if "reference" in data else None)
    shown = [
        (f"{name}, 95% interval over {ends['resampled']}", "{:.4f} to {:.4f}".format(*ends[f"{name}_interval"]))
        for name in ("srcc", "plcc")
    ]
    protocol = f"{found.words}, {crops.value} crops, seed {seed}, {len(predictions.rejected)} pictures set aside"
    show(
        {**metrics, **ends, "notes": list(notes), "protocol": protocol},
        as_json,
        table(["metric", "value"], [*metrics.items(), *shown]),
        f"protocol: {protocol}",
        *(f"note: {text}" for text in notes),
    )


def score(
    pictures: Annotated[Path, typer.Argument(help="A picture, a folder of pictures, or a sample table.", exists=True)],
    model: Annotated[Path, typer.Option(help="A model that `syndr train` made.", exists=True)],
    out: Annotated[Path | None, table_option("Also write the scores")] = None,
    crops: Annotated[
        Crops, typer.Option(help="Five random crops, centre and corners, or the full picture.")
    ] = Crops.corners,
    input_size: InputSize = None,
    device: Device = "cpu",
    seed: Seed = 0,
    spreadsheet_safe: SpreadsheetSafe = False,
    as_json: Json = False,
) -> None:
    """Score pictures with a trained model; higher is better, on the scale it was trained on (0-10).

    Example: `syndr score holiday/ --model model.safetensors`
    """
    from syndr.training import read_model

    data = (
        table_or_folder(pictures)
        if pictures.is_dir() or is_table(pictures)
        else Samples.from_columns(id=[pictures.name], path=[str(pictures)])
    )
    trained = read_model(model, device)
    predictions = _predict(trained, data, input_size or trained.input_size, crops, device, seed)
    if out is not None:
        write_table(predictions.beside(data), out, spreadsheet_safe)
    set_aside(out, predictions.rejected, spreadsheet_safe)
    scores = {name: float(value) for name, value in zip(data.ids, predictions.scores, strict=True)}
    show(
        {"scores": scores},
        as_json,
        table(["picture", "score"], [(name, round(value, 3)) for name, value in scores.items()]),
    )
    if not predictions.scored.any():
        raise typer.Exit(1)


def _predict(model: IQAModel, data: Samples, input_size: str, crops: Crops, device: str, seed: int) -> Predictions:
    from syndr.evaluation import predict
    from syndr.virtual import VirtualDataset

    with bars() as progress:
        return predict(
            model,
            data,
            VirtualDataset(data, device, input_size=input_size),
            crops=crops.value,
            seed=seed,
            device=device,
            progress=progress,
        )


COMMANDS = (train, evaluate, score)
