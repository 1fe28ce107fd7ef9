"""Commands for features: extract, and what can be done with the store it makes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from syndr.cli.console import ONLY, Address, Device, DncnnWeights, EngineName, EngineOption, Json, bars, note, show
from syndr.cli.meter import meter
from syndr.errors import InputError
from syndr.features import FeatureStore, append, export, import_features, merge, subset, verify
from syndr.images import REJECTED, open_pictures
from syndr.inputs import chosen_ids
from syndr.virtual import VirtualDataset, made_with, virtual_types


class Dtype(StrEnum):
    """What a store keeps its features in."""

    float32 = "float32"
    float16 = "float16"


class Precision(StrEnum):
    """Number formats of the forward pass."""

    float32 = "float32"
    float16 = "float16"
    bfloat16 = "bfloat16"


def extract(
    pictures: Annotated[
        str,
        typer.Argument(
            help="A folder, a quoted pattern ('pool/**/*.jpg'), a sample table with id and path, a .tar or a pattern "
            "of several, or a data set saved by Hugging Face's datasets."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The feature store's folder.")],
    backbone: Annotated[
        str,
        typer.Option(
            help="resnet50, swin_t, efficientnet_lite0, any classification network of torchvision, or timm/NAME."
        ),
    ] = "resnet50",
    weights: Annotated[
        Path | None, typer.Option(help="Weights file (.pth, .safetensors) instead of ImageNet's.", exists=True)
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Pictures per forward pass; part of the store's identity.")] = 32,
    crop: Annotated[
        int | None, typer.Option(help="Side of the centre crop; by default what the network is made for, mostly 224.")
    ] = None,
    dtype: Annotated[Dtype, typer.Option(help="What the features are stored in.")] = Dtype.float32,
    precision: Annotated[
        Precision, typer.Option(help="Number format of the forward pass; float16 and bfloat16 are autocast.")
    ] = Precision.float32,
    compile: Annotated[bool, typer.Option("--compile", help="Compile the network (torch.compile).")] = False,
    hash_files: Annotated[bool, typer.Option("--hash", help="Put the SHA-256 of every file into the index.")] = False,
    max_rejected: Annotated[
        str | None, typer.Option(help="Stop when more pictures cannot be read: a number, or a share such as 1%.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Decoding threads; by default one per core.", min=1)] = None,
    image: Annotated[str | None, typer.Option(help="The data set's column of pictures.")] = None,
    dncnn_weights: DncnnWeights = None,
    device: Device = "cpu",
    engine: EngineOption = EngineName.local,
    address: Address = None,
    as_json: Json = False,
) -> None:
    """Compute the features of pictures and store them, memory-mapped, with their ids.

    Bad files are set aside in rejected.csv. Run it again to go on after an interruption.

    Example: `syndr extract pool/ -o pool.features --backbone efficientnet_lite0`
    """
    from syndr.features import build_backbone
    from syndr.features import extract as extract_features

    source = open_pictures(pictures, image)
    samples = source.samples
    most = None if max_rejected is None else _most_rejected(max_rejected, len(samples))
    virtual = "seed" in samples
    with meter() as state:
        store = extract_features(
            samples,
            build_backbone(backbone, weights),
            out,
            batch_size,
            crop,
            threads,
            device,
            state.progress,
            images=VirtualDataset(samples, device).image if virtual else None,
            files=None if virtual else source.file,
            dtype=dtype.value,
            made_with=made_with(virtual_types(samples)),
            max_rejected=most,
            watch=state.watch,
            hash_files=hash_files,
            precision=precision.value,
            compile=compile,
            engine=engine.value,
            address=address,
        )
    rejected = len(samples) - len(store)
    if rejected:
        note(f"{rejected} pictures set aside, see {out / REJECTED}")
    result = {
        "store": str(out),
        "rows": len(store),
        "dims": store.features.shape[1],
        "rejected": rejected,
        "done_before": state.before,
        "seconds": state.seconds,
        "pictures_per_second": state.rate,
    }
    show(result, as_json, f"{len(store)} rows of {store.features.shape[1]} features in {out}")


def _most_rejected(text: str, total: int) -> int:
    try:
        share = text.endswith("%")
        number = float(text[:-1]) if share else int(text)
    except ValueError as error:
        raise InputError(f"--max-rejected must be a number or a share such as 1%, not {text!r}") from error
    if not 0 <= number <= (100 if share else float("inf")):
        raise InputError(f"--max-rejected must not be negative or above 100%, not {text!r}")
    return int(total * number / 100) if share else int(number)


Store = Annotated[Path, typer.Argument(help="A feature store's folder.", exists=True, file_okay=False)]
Out = Annotated[Path, typer.Option("--out", "-o", help="The new store's folder.")]

store_app = typer.Typer(
    name="store",
    help="Feature stores: verify, merge, append, select, export, import.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@store_app.command("verify")
def verify_store(store: Store, as_json: Json = False) -> None:
    """Read everything and compare it with the hashes that were recorded when it was written.

    Ends with 1 when something is wrong. Rows without a direction (NaN, infinity, all zero) are no damage.

    Example: `syndr store verify pool.features`
    """
    with bars() as progress:
        found = verify(FeatureStore.open(store), progress)
    result = {"store": str(store), "rows": found.rows, "problems": found.problems, "bad_rows": found.bad_rows}
    bad = found.bad_rows
    show(
        result,
        as_json,
        *(f"problem: {problem}" for problem in found.problems),
        *([f"{len(bad)} rows have no direction, first {', '.join(bad[:5])}"] if bad else []),
        f"{found.rows} rows, {len(found.problems)} problems",
    )
    if found.problems:
        raise typer.Exit(1)


@store_app.command("merge")
def merge_stores(
    stores: Annotated[list[Path], typer.Argument(help="Feature stores made alike.", exists=True, file_okay=False)],
    out: Out,
    as_json: Json = False,
) -> None:
    """Join stores into a new one, without copying the features where the file system can link them.

    Example: `syndr store merge first.features second.features -o pool.features`
    """
    _tell(merge([FeatureStore.open(store) for store in stores], out), as_json)


@store_app.command("append")
def append_store(
    store: Store,
    other: Annotated[Path, typer.Argument(help="The store to add, made alike.", exists=True, file_okay=False)],
    as_json: Json = False,
) -> None:
    """Add the rows of one store at the end of another, in place.

    Example: `syndr store append pool.features new.features`
    """
    with bars() as progress:
        grown = append(FeatureStore.open(store), FeatureStore.open(other), progress)
    _tell(grown, as_json)


@store_app.command("select")
def select_rows(
    store: Store,
    only: Annotated[
        Path,
        typer.Option(
            help=f"The rows to take, in this order: {ONLY}.",
            exists=True,
        ),
    ],
    out: Out,
    as_json: Json = False,
) -> None:
    """Write some rows of a store as a store of their own.

    Example: `syndr store select pool.features --only selection.csv -o chosen.features`
    """
    opened = FeatureStore.open(store)
    with bars() as progress:
        part = subset(opened, opened.row_numbers(chosen_ids(only)), out, progress)
    _tell(part, as_json)


@store_app.command("export")
def export_store(
    store: Store,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file: .npy (its table beside it), or .parquet.", dir_okay=False)
    ],
    as_json: Json = False,
) -> None:
    """Write a store for other tools.

    Example: `syndr store export pool.features -o pool.npy`
    """
    opened = FeatureStore.open(store)
    with bars() as progress:
        files = export(opened, out, progress)
    names = [str(path) for path in files]
    show({"files": names, "rows": len(opened)}, as_json, f"{len(opened)} rows in {' and '.join(names)}")


@store_app.command("import")
def import_store(
    source: Annotated[Path, typer.Argument(help="Embeddings: .npy, .npz, .parquet or .safetensors.", exists=True)],
    out: Out,
    table: Annotated[
        Path | None, typer.Option(help="What the rows are: a sample table, an .npy or .txt of ids.", exists=True)
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="One label per row, an .npy.", exists=True)] = None,
    label_column: Annotated[
        str, typer.Option(help="Column for the labels; quality where they are 0-10, higher is better.")
    ] = "score",
    key: Annotated[str | None, typer.Option(help="Name of the features within the file.")] = None,
    dtype: Annotated[Dtype | None, typer.Option(help="Convert to this; by default the file's own.")] = None,
    as_json: Json = False,
) -> None:
    """Make a store of embeddings from elsewhere.

    Example: `syndr store import embeddings.npy --table images.csv -o pool.features`
    """
    made = import_features(source, out, table, labels, label_column, key, None if dtype is None else dtype.value)
    _tell(made, as_json)


def _tell(store: FeatureStore, as_json: bool) -> None:
    dims = store.features.shape[1]
    result = {"store": str(store.path), "rows": len(store), "dims": dims, "shards": len(store.manifest.shards)}
    show(result, as_json, f"{len(store)} rows of {dims} features in {store.path}")


COMMANDS = (extract,)
