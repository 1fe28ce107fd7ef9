"""The command that thins embeddings, downsample, and the options of DRCDown."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from syndr.cli.console import (
    Address,
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
from syndr.cluster import check_engine
from syndr.datasets import LabelScale
from syndr.downsample import MEASURED_MEMBERS, DRCDown, Thinning
from syndr.errors import InputError, require
from syndr.features import FeatureStore
from syndr.features.shards import map_array
from syndr.folders import unchanged
from syndr.inputs import table_or_folder
from syndr.progress import Progress, track
from syndr.samples import Samples
from syndr.search import BACKENDS, AutoSearch, Search, get_search
from syndr.tables import clusters_table, thinning_rejected


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
    with unchanged(*files_of(features), *files_of(labels)), bars() as progress:
        ids, rows = features_of(features)
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


COMMANDS = (downsample,)
