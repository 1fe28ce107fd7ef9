"""Section "Map": features in the plane, coloured by what became of them and by what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr.errors import SyndrError
from syndr.features import FeatureStore
from syndr.report.blocks import Block, Classes, Map, Scale, Section, Text
from syndr.report.clustering import Clustering
from syndr.report.distortions import distortion_name
from syndr.report.projection import Method, project
from syndr.report.recorded_run import RecordedRun
from syndr.report.sections.selection import FATE_TONES
from syndr.report.thumbnails import Thumbnails, can_show
from syndr.rng import hash_ids
from syndr.samples import Samples
from syndr.select import SELECTED

TITLE = "Map"
#: Most points on a map, and most of them that show a picture.
POINTS, PICTURES = 3000, 600
_LARGEST = 7
_TRAINING = "training reference"


def maps_section(run: RecordedRun, thumbnails: Thumbnails | None, places: Method = "auto") -> Section:
    """Build the section of a run, as far as it left features."""
    blocks: list[Block] = []
    found = Clustering.recorded(run)
    features = run.thinning_features()
    if features is not None and found is not None and found.members is not None:
        blocks.append(samples_map(features[0], features[1], found, thumbnails, int(run.recipe.get("seed", 0)), places))
    blocks += _pool_map(run, thumbnails, places)
    if not blocks:
        return Section(TITLE, [Text("No features are kept in this folder, so there is no map of them.")])
    return Section(TITLE, blocks)


def drawn(ids: Sequence[str], most: int = POINTS, seed: int = 0) -> npt.NDArray[np.int64]:
    """Give ascending positions of at most so many ids: those of the smallest hash."""
    if len(ids) <= most:
        return np.arange(len(ids))
    return np.sort(np.argsort(hash_ids(ids, seed), kind="stable")[:most])


def samples_map(
    ids: Sequence[str],
    features: Any,
    found: Clustering,
    thumbnails: Thumbnails | None,
    seed: int = 0,
    method: Method = "auto",
) -> Map:
    """Draw samples that were thinned.

    Args:
        ids: What the rows of ``features`` are; those without a cluster are left out.
        features: (rows, dims).
        found: What became of them.
        thumbnails: Gives pictures.
        seed: Seed of the draw and of UMAP.
        method: How they are placed.
    """
    assert found.members is not None
    row_of = found.members.row_of
    cluster = found.members["cluster"]
    usable = [at for at, name in enumerate(ids) if name in row_of and cluster[row_of[name]] >= 0]
    chosen = [usable[at] for at in drawn([ids[at] for at in usable], seed=seed)]
    names = [ids[at] for at in chosen]
    places = project(features[np.array(chosen, dtype=np.int64)], method, seed)
    rows = found.members.by_id(names)
    known = _known(found.samples, names)
    largest = {int(found.cluster[at]): int(found.size[at]) for at in found.by_size[:_LARGEST]}
    legend = [f"cluster {number}, {size:,} members" for number, size in largest.items()]
    label_of = dict(zip(largest, legend, strict=True))
    colourings = [
        Classes(
            "Fate",
            ["kept" if s else "dropped" for s in rows["kept"]],
            {"kept": "kept", "dropped": "gone"},
            ("kept", "dropped"),
        ),
        *_descriptions(known),
        Classes("Cluster, if among the largest", [label_of.get(int(n)) for n in rows["cluster"]], names=legend),
    ]
    pictures = _pictures(known, thumbnails)
    total = len(found.members) if found.members is not None else len(ids)
    return Map(
        places.xy[:, 0],
        places.xy[:, 1],
        names,
        caption="Training samples in the space that thinning looked at",
        colourings=colourings,
        pictures=pictures,
        note=_note(places.note, len(names), total, "samples", len(pictures)),
        details=_details(found, rows["cluster"]),
    )


def _details(found: Clustering, clusters: npt.NDArray[np.int64]) -> list[str]:
    """Say of each sample what became of its cluster."""
    shown = np.isin(found.cluster, clusters)
    said = {
        int(number): f"cluster {number}: {kept:,} of {size:,} kept" if size > 1 else "alone in its cluster"
        for number, size, kept in zip(found.cluster[shown], found.size[shown], found.kept[shown], strict=True)
    }
    return [said[int(number)] for number in clusters]


def _descriptions(known: Samples | None) -> list[Scale | Classes]:
    """Colour by what the table knows of the samples."""
    if known is None:
        return []
    found: list[Scale | Classes] = []
    if "quality" in known:
        found.append(Scale("Quality", known["quality"].astype(np.float64)))
    if "reference" in known:
        found.append(Classes("Reference", known.table["reference"].to_pylist()))
    if "type" in known:
        types = known.table["type"].to_pylist()
        order = [distortion_name(number) for number in sorted({number for number in types if number is not None})]
        named = [None if number is None else distortion_name(number) for number in types]
        found.append(Classes("Distortion", named, names=order))
    return found


def _pool_map(run: RecordedRun, thumbnails: Thumbnails | None, method: Method) -> list[Map]:
    selection = run.samples("selection.parquet", "reason", "nearest")
    stores = [run.path / "features" / name for name in ("references", "pool")]
    if selection is None or not all((store / "manifest.json").is_file() for store in stores):
        return []
    references, pool = (FeatureStore.open(store) for store in stores)
    fate_of = dict(zip(selection.ids, selection["reason"].tolist(), strict=True))
    distance_of = dict(zip(selection.ids, selection["nearest"].tolist(), strict=True))
    placed = [name for name in pool.ids if name in fate_of and np.isfinite(_number(distance_of[name]))]
    if not placed:  # nothing was compared: every candidate was taken, or none has a direction
        return []
    of_references = drawn(references.ids, POINTS // 3)
    of_pool = [placed[at] for at in drawn(placed, POINTS - len(of_references))]
    names = [references.ids[at] for at in of_references] + of_pool
    features = np.concatenate([references.rows(names[: len(of_references)]), pool.rows(of_pool)])
    places = project(features, method, int(run.recipe.get("seed", 0)))
    fates = [_TRAINING] * len(of_references) + [fate_of[name] for name in of_pool]
    order = [_TRAINING, SELECTED, *sorted({*fates} - {_TRAINING, SELECTED})]
    far = [np.nan] * len(of_references) + [_number(distance_of[name]) for name in of_pool]
    pictures = {len(of_references) + at: image for at, image in _pictures(selection.by_id(of_pool), thumbnails).items()}
    return [
        Map(
            places.xy[:, 0],
            places.xy[:, 1],
            names,
            caption="Candidates and training references in the space that the selection looked at",
            colourings=[
                Classes("Fate", fates, {_TRAINING: "kept", **FATE_TONES}, order),
                Scale("Distance to the nearest reference", far),
            ],
            pictures=pictures,
            note=_note(places.note, len(names), len(references) + len(pool), "pictures", len(pictures)),
        )
    ]


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _known(samples: Samples | None, names: list[str]) -> Samples | None:
    """Give the rows of these samples; None when the table does not know all of them."""
    if samples is None:
        return None
    try:
        return samples.by_id(names)
    except SyndrError:
        return None


def _pictures(samples: Samples | None, thumbnails: Thumbnails | None) -> dict[int, bytes]:
    if samples is None or thumbnails is None or not can_show(samples, thumbnails):
        return {}
    rows = drawn(samples.ids, PICTURES, seed=1)
    images = zip(rows.tolist(), thumbnails(samples.take(rows)), strict=True)
    return {row: image for row, image in images if image is not None}


def _note(method: str, shown: int, total: int, what: str, pictures: int) -> str:
    parts = [f"Places by {method}. Dots that would hide each other are moved aside; zoom in to see them part."]
    if shown < total:
        parts.append(f"A draw of {shown:,} of {total:,} {what}.")
    if 0 < pictures < shown:
        parts.append(f"{pictures:,} of the points show their picture.")
    return " ".join(parts)
