"""Results as tables that any other tool can read."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from syndr.downsample import DRCDown
from syndr.files import atomic_path
from syndr.samples import Samples
from syndr.select import TOO_CLOSE, TOO_FAR, Selection


def selection_table(selection: Selection, pool: Samples, references: list[str]) -> Samples:
    """Lay out what became of every candidate: reason, and the distance and image that decided."""
    about_references = np.isin(selection.reasons, (TOO_CLOSE, TOO_FAR))
    others = [
        None if other < 0 else references[other] if reference else pool.ids[other]
        for other, reference in zip(selection.others, about_references, strict=True)
    ]
    return (
        pool.with_column("reason", selection.reasons)
        .with_column("distance", selection.distances)
        .with_column("other", others)
        .with_column("nearest", selection.nearest)
        .with_column("farthest", selection.farthest)
    )


def clusters_table(drcdown: DRCDown, ids: list[str]) -> Samples:
    """Lay out the cluster and the fate of every row."""
    kept = np.zeros(len(ids), dtype=bool)
    kept[drcdown.sample_indices_] = True
    return Samples.from_columns(id=ids, cluster=drcdown.labels_, kept=kept)


def cluster_sizes_table(drcdown: DRCDown) -> Samples:
    """Lay out size, members kept, largest inner distance and label span of every cluster."""
    result = drcdown.result_
    return Samples.from_columns(
        id=[str(cluster) for cluster in range(len(result.sizes))],
        cluster=range(len(result.sizes)),
        size=result.sizes,
        kept=result.sizes_kept,
        largest_distance=result.largest_distance,
        label_span=result.label_span,
    )


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write records of equal keys as CSV, whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
