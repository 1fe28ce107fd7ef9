"""Commands that choose distortion types for a target of one's own: train-distortion-classifier, select-types."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from syndr.cli.console import (
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
from syndr.inputs import table_or_folder
from syndr.samples import Samples


def train_distortion_classifier(
    references: Annotated[
        Path, typer.Argument(help="Undistorted pictures: a folder, or a sample table with id and path.", exists=True)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The trained classifier.", dir_okay=False)] = Path(
        "types.safetensors"
    ),
    held_out: Annotated[
        Path | None, typer.Option(help="Other undistorted pictures, to measure on.", exists=True)
    ] = None,
    backbone: Annotated[
        str, typer.Option(help="A network of torchvision or timm, or efficientnet_lite0.")
    ] = "efficientnet_lite0",
    weights: Annotated[
        Path | None, typer.Option(help="Weights file (.pth, .safetensors) instead of ImageNet's.", exists=True)
    ] = None,
    rounds: Annotated[int, typer.Option(help="How often each reference is seen in all 26 classes, for the head.")] = 8,
    tune_epochs: Annotated[int, typer.Option(help="Then train the whole network so often; wants a GPU.")] = 0,
    references_per_round: Annotated[int, typer.Option(help="Most references in one round, drawn anew.")] = 1000,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Folder for the features of finished rounds; beside the classifier by default.")
    ] = None,
    dncnn_weights: DncnnWeights = None,
    device: Device = "cpu",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Train a classifier of distortions (undistorted, and KADID's 25 types) on any undistorted pictures.

    It is what select-types votes with. Run it again to go on after an interruption.

    Example: `syndr train-distortion-classifier pristine/ -o types.safetensors --held-out others/`
    """
    from syndr.features import build_backbone
    from syndr.type_selection import TypeClassifier, recall, save_classifier, train_classifier

    samples = table_or_folder(references)
    others = None if held_out is None else table_or_folder(held_out)
    model = TypeClassifier(build_backbone(backbone, weights), seed=seed)
    with bars() as progress:
        trained = train_classifier(
            model,
            samples,
            rounds=rounds,
            tune_epochs=tune_epochs,
            references_per_round=references_per_round,
            seed=seed,
            device=device,
            checkpoint=checkpoint or out.with_suffix(".checkpoint"),
            progress=progress,
        )
        measured = None if others is None else recall(model, others, seed=seed, device=device, progress=progress)
    settings = {"references": len(samples), "rounds": rounds, "tune_epochs": tune_epochs, "seed": seed}
    save_classifier(out, model, settings)
    rejected = [*trained.rejected, *(() if measured is None else measured.rejected)]
    set_aside(out, rejected)
    result = {
        "classifier": str(out),
        "pictures": trained.pictures,
        "head_loss": trained.head_loss,
        "tune_losses": list(trained.tune_losses),
        "rejected": len(rejected),
        "recall": None if measured is None else asdict(measured),
    }
    lines = [f"trained on {trained.pictures} pictures of {len(samples) - len(trained.rejected)} references"]
    if measured is not None:
        lines.append(
            f"on {measured.pictures} pictures of references never seen: the type is the first guess for "
            f"{measured.top1:.1%}, among the first four for {measured.top4:.1%} (by chance {4 / 26:.1%})"
        )
    show(result, as_json, *lines, f"classifier: {out}")


def select_types(
    folder: Annotated[Path, typer.Argument(help="The target: a folder of pictures, or a sample table.", exists=True)],
    classifier: Annotated[
        Path, typer.Option(help="What `syndr train-distortion-classifier` made.", exists=True)
    ] = Path("types.safetensors"),
    out: Annotated[Path | None, table_option("Also write the votes of each class")] = None,
    input_size: Annotated[
        str, typer.Option(help="What pictures are brought to first: native, shorter-512, 512x384 ...")
    ] = "native",
    device: Device = "cpu",
    seed: Seed = 0,
    spreadsheet_safe: SpreadsheetSafe = False,
    as_json: Json = False,
) -> None:
    """Choose the distortion types to train on for an unlabelled target, as DGQA does.

    Each picture votes for the four classes it looks most like, by the mean of five random crops. A type's share is its
    votes over three times the pictures; types with a share of at least 0.035 are chosen.

    Example: `syndr select-types target/ --classifier types.safetensors`
    """
    from syndr.distort import TYPES
    from syndr.type_selection import load_classifier, vote
    from syndr.virtual import VirtualDataset

    samples = table_or_folder(folder)
    with bars() as progress:
        found = vote(
            load_classifier(classifier, device),
            samples,
            VirtualDataset(samples, device, input_size=input_size),
            seed=seed,
            device=device,
            progress=progress,
        )
    names = {0: "undistorted", **{kind: entry.name for kind, entry in TYPES.items()}}
    rows = [
        {
            "id": str(kind),
            "name": name,
            "votes": int(found.votes[kind]),
            "share": float(found.shares[kind]),
            "votes_per_picture": float(found.per_picture[kind]),
            "chosen": kind in found.types,
        }
        for kind, name in sorted(names.items(), key=lambda entry: -found.votes[entry[0]])
    ]
    if out is not None:
        votes = Samples.from_columns(**{key: [row[key] for row in rows] for key in rows[0]})
        write_table(votes, out, spreadsheet_safe)
    set_aside(out, found.rejected, spreadsheet_safe)
    show(
        {"types": list(found.types), "pictures": found.pictures, "classes": rows},
        as_json,
        table(
            ["type", "name", "votes", "share", "votes/pictures", "chosen"],
            [
                (
                    row["id"],
                    row["name"],
                    row["votes"],
                    row["share"],
                    row["votes_per_picture"],
                    "yes" * bool(row["chosen"]),
                )
                for row in rows
                if row["votes"]
            ],
            f"{found.pictures} pictures",
        ),
        f"types = {list(found.types)}",
    )


COMMANDS = (train_distortion_classifier, select_types)
