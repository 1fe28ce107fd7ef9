"""Commands for pools of pictures and embeddings: select, synthesize."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from syndr.cli.console import (
    ONLY,
    Address,
    Device,
    DncnnWeights,
    EngineName,
    EngineOption,
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
from syndr.cli.given_features import features_of, files_of
from syndr.errors import InputError
from syndr.folders import unchanged
from syndr.images import Rejected
from syndr.inputs import chosen_ids, table_or_folder
from syndr.samples import Samples
from syndr.select import DDCUp
from syndr.synthesize import pseudo_labels
from syndr.tables import NO_DIRECTION, selection_rejected, selection_table
from syndr.virtual import VirtualDataset, check_types, virtual_rows


class Diversity(StrEnum):
    """How DDCUp keeps candidates apart."""

    removal = "removal"
    forward = "forward"


class Threshold(StrEnum):
    """What DDCUp's lower threshold is the median of."""

    nearest = "nearest"
    all_pairs = "all_pairs"


class Picture(StrEnum):
    """File formats for synthesized pictures."""

    png = "png"
    bmp = "bmp"


def select(
    references: Annotated[
        Path, typer.Option(help="Features of the training references: a store, .npy, .npz or .parquet.", exists=True)
    ],
    candidates: Annotated[Path, typer.Option(help="Features of the candidate pool.", exists=True)],
    out: Annotated[Path, table_option("Table with the fate of every candidate")] = Path("selection.csv"),
    diversity: Annotated[
        Diversity, typer.Option(help="removal: as released; forward: as printed.")
    ] = Diversity.removal,
    threshold: Annotated[
        Threshold, typer.Option(help="nearest: as released; all_pairs: as printed.")
    ] = Threshold.nearest,
    max_selected: Annotated[int | None, typer.Option(help="Most candidates to select.")] = None,
    spreadsheet_safe: SpreadsheetSafe = False,
    as_json: Json = False,
) -> None:
    """Pick candidates that are diverse yet in distribution (DDCUp).

    Example: `syndr select --references train.features --candidates pool.features -o selection.csv`
    """
    with unchanged(*files_of(references), *files_of(candidates)), bars() as progress:
        reference_ids, reference_features = features_of(references)
        candidate_ids, candidate_features = features_of(candidates)
        selection = DDCUp(diversity.value, threshold.value, max_selected, on_bad_rows="set_aside").select(
            reference_features, candidate_features, candidate_ids=candidate_ids, progress=progress
        )
    pool = Samples.from_columns(id=candidate_ids or [str(row) for row in range(len(candidate_features))])
    names = reference_ids or [str(row) for row in range(len(reference_features))]
    write_table(selection_table(selection, pool, names), out, spreadsheet_safe)
    set_aside(out, selection_rejected(selection, pool.ids, names), spreadsheet_safe)
    result = {"table": str(out), "lower": selection.lower, "upper": selection.upper, "counts": selection.counts}
    show(
        result,
        as_json,
        table(["fate", "candidates"], list(selection.counts.items())),
        f"thresholds: farther than {selection.lower:.4f} from every reference, none at {selection.upper:.4f} or more",
        f"table: {out}",
    )


def synthesize(
    pictures: Annotated[
        Path, typer.Argument(help="Reference pictures: a folder, or a sample table with id and path.", exists=True)
    ],
    out: Annotated[Path, table_option("The table of virtual rows")],
    types: Annotated[str, typer.Option(help="KADID types, separated by commas.")],
    levels: Annotated[str, typer.Option(help="KADID levels, separated by commas.")] = "1,3,5",
    only: Annotated[Path | None, typer.Option(help=f"Only these pictures: {ONLY}.", exists=True)] = None,
    originals: Annotated[
        Path | None,
        typer.Option(help="Labelled table (reference, type, level, quality): adds pseudo-labels.", exists=True),
    ] = None,
    reference_features: Annotated[
        Path | None, typer.Option(help="Features of the originals' references, with ids.", exists=True)
    ] = None,
    features: Annotated[Path | None, typer.Option(help="Features of the pictures, with ids.", exists=True)] = None,
    k: Annotated[int, typer.Option(help="Neighbours for a pseudo-label.")] = 5,
    materialize: Annotated[Picture | None, typer.Option(help="Also write the pictures, in this format.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where to write them; beside the table by default.")] = None,
    dncnn_weights: DncnnWeights = None,
    device: Device = "cpu",
    engine: EngineOption = EngineName.local,
    address: Address = None,
    seed: Seed = 0,
    spreadsheet_safe: SpreadsheetSafe = False,
    as_json: Json = False,
) -> None:
    """Lay out distorted versions of pictures, with pseudo-labels when originals are given.

    A row is a picture, made when it is needed. --materialize writes the files, named as KADID names its own, and a
    metadata.csv that makes their folder a data set for Hugging Face's imagefolder. Run it again to go on after an
    interruption. The pixels of type 15 (Denoise) depend on --dncnn-weights too: give the same file wherever the
    rows are used.

    Example: `syndr synthesize pool/ -o rows.parquet --types 1,3,9 --only selection.csv --materialize png`
    """
    samples = table_or_folder(pictures)
    if only is not None:
        samples = samples.by_id(chosen_ids(only))
    wanted = _numbers(types, "--types", 25), _numbers(levels, "--levels", 5)
    check_types(wanted[0])
    given = [option is not None for option in (originals, reference_features, features)]
    if any(given) and not all(given):
        raise InputError("--originals, --reference-features and --features go together: pseudo-labels need all three")
    if originals is not None and reference_features is not None and features is not None:
        reference_ids, reference_rows = features_of(reference_features)
        ids, rows = features_of(features)
        if reference_ids is None or ids is None:
            without = reference_features if reference_ids is None else features
            raise InputError(f"{without}: pseudo-labels need features with ids; give a feature store, .npz or .parquet")
        row_of = {name: row for row, name in enumerate(ids)}
        missing = [name for name in samples.ids if name not in row_of]
        if missing:
            raise InputError(
                f"{features}: no features for {len(missing)} of the pictures, first {missing[:5]}; extract them"
            )
        labels = pseudo_labels(
            Samples.read(originals),
            reference_ids,
            reference_rows,
            samples.ids,
            rows[[row_of[name] for name in samples.ids]],
            *wanted,
            k=k,
            on_bad_rows="set_aside",
        )
        table_of_rows = labels.samples(samples, seed)
        aside = [Rejected(name, "", NO_DIRECTION) for name in labels.set_aside]
    else:
        table_of_rows = virtual_rows(samples, *wanted, seed)
        aside = []
    result: dict[str, Any] = {"table": str(out), "rows": len(table_of_rows)}
    if materialize is not None:
        target = folder or out.parent / out.stem
        with bars() as progress:
            # Reference by reference, what was decoded is soon of no more use.
            dataset = VirtualDataset(table_of_rows, device, cache_bytes=1 << 25)
            table_of_rows, rejected = dataset.materialize(target, materialize.value, progress, engine.value, address)
        aside += rejected
        if not len(table_of_rows):
            raise InputError(f"none of the {len(rejected)} pictures could be made; the first: {rejected[0].reason}")
        result |= {"folder": str(target), "pictures": len(table_of_rows), "rejected": len(rejected)}
    write_table(table_of_rows, out, spreadsheet_safe)
    set_aside(out, aside, spreadsheet_safe)
    show(result, as_json, *(f"{name}: {value}" for name, value in result.items()))


def _numbers(text: str, option: str, most: int) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"{option} must be numbers separated by commas, not {text!r}") from error
    if not all(1 <= number <= most for number in numbers):
        raise InputError(f"{option} must lie in 1..{most}, not {text}")
    if len(set(numbers)) < len(numbers):
        raise InputError(f"{option} names a number twice: {text}")
    return numbers


COMMANDS = (select, synthesize)
