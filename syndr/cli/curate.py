"""Commands for pools of pictures and embeddings: select, synthesize, downsample."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

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
from syndr.cluster import check_engine
from syndr.datasets import LabelScale
from syndr.downsample import MEASURED_MEMBERS, DRCDown, Thinning
from syndr.errors import InputError, require
from syndr.features import FeatureStore, read_features
from syndr.features.shards import map_array
from syndr.folders import unchanged
from syndr.images import Rejected
from syndr.inputs import chosen_ids, table_or_folder
from syndr.progress import Progress, track
from syndr.samples import Samples
from syndr.search import BACKENDS, AutoSearch, Search, get_search
from syndr.select import DDCUp
from syndr.synthesize import pseudo_labels
from syndr.tables import NO_DIRECTION, clusters_table, selection_rejected, selection_table, thinning_rejected
from syndr.virtual import VirtualDataset, check_types, virtual_rows


class Rule(StrEnum):
    """When DRCDown thins a cluster."""

    released = "released"
    paper = "paper"


Distance = Annotated[float, typer.Option(help="DRCDown joins rows nearer than this cosine distance ...")]
LabelGap = Annotated[float, typer.Option(help="... whose labels differ by less than this.")]
MinKeep = Annotated[int, typer.Option(help="DRCDown's T: it never thins a cluster below this.")]
ThinningRule = Annotated[
    Rule, typer.Option(help="DRCDown's rule; released: above T keep half; paper: above 2T keep half.")
]


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
    with unchanged(*_files(references), *_files(candidates)), bars() as progress:
        reference_ids, reference_features = _features(references)
        candidate_ids, candidate_features = _features(candidates)
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
        reference_ids, reference_rows = _features(reference_features)
        ids, rows = _features(features)
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


def downsample(
    features: Annotated[Path, typer.Argument(help="A feature store, .npy, .npz or .parquet.", exists=True)],
    out: Annotated[Path, table_option("Table with cluster and fate of every row")] = Path("thinned.csv"),
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Labels: an .npy in the rows' order, or a sample table with the features' ids and quality. None: "
            "no label condition.",
            exists=True,
        ),
    ] = None,
    label_range: Annotated[
        str, typer.Option(help="Lowest and highest possible label; they are mapped to 0 and 10.")
    ] = "0,10",
    distance: Distance = 0.1,
    label_gap: LabelGap = 1.0,
    min_keep: MinKeep = 20,
    rule: ThinningRule = Rule.released,
    search: Annotated[
        str, typer.Option(help=f"Who finds the look-alikes: {', '.join([*BACKENDS, AutoSearch.name])}.")
    ] = "exact",
    report: Annotated[
        Path | None, typer.Option(help="Also write a page that shows what was dropped and why: report.html.")
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(
            help="The rows' pictures, for the page: a folder, or a sample table with id and path.", exists=True
        ),
    ] = None,
    engine: EngineOption = EngineName.local,
    address: Address = None,
    seed: Seed = 0,
    spreadsheet_safe: SpreadsheetSafe = False,
    as_json: Json = False,
) -> None:
    """Thin dense clusters of look-alikes (DRCDown).

    Every pair below the distance is found, except by faiss-ivf and faiss-hnsw: these say how many they find.

    Example: `syndr downsample embeddings.npy --labels quality.npy -o thinned.csv --report report.html`
    """
    if pictures is not None and report is None:
        raise InputError("--pictures are for the page: give --report too")
    backend = _search(search, engine.value, address)
    drcdown = DRCDown(
        distance, label_gap, min_keep, rule.value, random_state=seed, on_bad_rows="set_aside", search=backend
    )
    with unchanged(*_files(features), *_files(labels)), bars() as progress:
        ids, rows = _features(features)
        names = ids or [str(row) for row in range(len(rows))]
        quality = None if labels is None else _labels(labels, label_range, names)
        drcdown.fit(rows, quality, ids, progress=progress)
    found = drcdown.result_
    write_table(clusters_table(found), out, spreadsheet_safe)
    set_aside(out, thinning_rejected(found), spreadsheet_safe)
    written = {} if report is None else {"report": _write_page(report, drcdown, quality, pictures, features)}
    result = {
        "table": str(out),
        **written,
        "rows": len(rows),
        "kept": len(found.kept),
        "dropped": len(found.dropped),
        "set_aside": len(found.set_aside),
        "clusters": len(found.sizes),
        "largest_cluster": int(found.sizes.max(initial=0)),
        "search": {
            key: asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
            for key, value in _report(backend).items()
        },
    }
    if as_json:  # the largest distances compare all pairs inside a cluster: only for who will see them
        show(result, as_json)
        return
    with bars() as progress:
        largest = _largest_clusters(found, progress)
    show(
        result,
        as_json,
        f"kept {len(found.kept)} of {len(rows)} rows in {len(found.sizes)} clusters; dropped {len(found.dropped)}",
        largest,
        *_about_search(backend),
        f"table: {out}",
        *(f"report: {path}" for path in written.values()),
    )


def _search(search: str, engine: str, address: str | None) -> Search:
    """Give the backend of a name; with Ray, its own, which is another way to the exact one's answer."""
    if search == "ray":
        engine, search = "ray", "exact"
    check_engine(engine, address)
    if engine == "local":
        return get_search(search)
    if search not in ("exact", "auto"):
        raise InputError(f"--engine ray is an exact search of its own: leave --search {search} out")
    require("ray", "ray")
    from syndr.search.ray import RaySearch

    return RaySearch(address)


def _write_page(page: Path, drcdown: DRCDown, quality: Any, pictures: Path | None, features: Path) -> str:
    """Write the report of a thinning, with what is known of its rows: a store's own table, labels, pictures."""
    from syndr.inputs import thumbnails_of
    from syndr.report import thinning_page, write

    ids = drcdown.result_.ids
    known = Samples.from_columns(id=ids)
    if pictures is not None:
        known = table_or_folder(pictures).by_id(ids)
    elif (features / "manifest.json").exists():
        known = FeatureStore.open(features).samples
    if quality is not None:
        known = known.with_column("quality", quality)
    write(thinning_page(drcdown, known, thumbnails_of if pictures is not None else None), page)
    return str(page)


def _report(backend: Search) -> dict[str, object]:
    return {"backend": backend.name, "exact": backend.exact, **backend.report}


def _about_search(backend: Search) -> list[str]:
    """What a user must know of the search: that it may have missed pairs, or why it was chosen."""
    report = _report(backend)
    lines = [f"search: {report['why']}"] if "why" in report else []
    if not backend.exact:
        lines.append(f"search: {backend.name} may miss pairs; estimated recall {report['recall']}")
    return lines


def _largest_clusters(found: Thinning, progress: Progress) -> Table:
    largest = np.argsort(-found.sizes, kind="stable")[:5]

    def inner_distance(cluster: int) -> float | str:
        if found.sizes[cluster] > MEASURED_MEMBERS:
            return f"not measured: more than {MEASURED_MEMBERS:,} members"
        return found.inner_distance(cluster)

    return table(
        ["cluster", "size", "kept", "largest distance", "label span"],
        [
            (
                int(cluster),
                int(found.sizes[cluster]),
                int(found.sizes_kept[cluster]),
                inner_distance(int(cluster)),
                float(found.label_span[cluster]),
            )
            for cluster in track(largest, "inner distances", len(largest), progress)
        ],
        "Largest clusters (a largest distance far above the radius means chaining)",
    )


def _files(path: Path | None) -> list[Path]:
    """Give the files that rows of features, or labels, come from; a store may grow meanwhile, its shards stay."""
    if path is None:
        return []
    return sorted(path.glob("*.npy")) if path.is_dir() else [path]


def _features(path: Path) -> tuple[list[str] | None, Any]:
    if (path / "manifest.json").exists():
        store = FeatureStore.open(path)
        return store.ids, store.features
    return read_features(path)


def _labels(path: Path, label_range: str, ids: list[str]) -> Any:
    """Labels 0-10 in the features' row order: by position from an .npy, by id from a table."""
    try:
        low, high = (float(part) for part in label_range.split(","))
    except ValueError as error:
        raise InputError(f"--label-range must be two numbers such as 0,100, not {label_range!r}") from error
    if not -np.inf < low < high < np.inf:
        raise InputError(f"--label-range must rise from one finite number to another, not {label_range!r}")
    if path.suffix == ".npy":
        try:
            values = np.array(map_array(path))
        except (ValueError, EOFError) as error:
            raise InputError(f"{path}: not an .npy file of numbers: {error}") from error
        return LabelScale(str(path), (low, high), (low, high)).quality(values, [str(row) for row in range(len(values))])
    samples = Samples.read(path)
    try:
        samples = samples.by_id(ids)
    except InputError as error:
        raise InputError(
            f"{path}: {error}; labels go by the features' ids, which are row numbers from 0 where the features "
            "have none; an .npy of labels goes by position"
        ) from error
    return LabelScale(str(path), (low, high), (low, high)).quality(samples["quality"], samples.ids)


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


COMMANDS = (select, synthesize, downsample)
