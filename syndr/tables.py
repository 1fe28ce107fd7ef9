"""Results as tables that any other tool can read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from syndr.downsample import Thinning
from syndr.files import atomic_path
from syndr.images import Rejected
from syndr.rng import hash_ids
from syndr.samples import Samples
from syndr.select import SELECTED, SET_ASIDE, TOO_CLOSE, TOO_FAR, Selection

#: Where a run keeps the features of some samples for the map of its report: ``ids`` and ``features``.
THINNING_FEATURES = "thinning_features.npz"
_MAP_ROWS = 3000

# What spreadsheets run (OWASP, "CSV injection"); and the mark itself, so that no two texts become one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")

NO_DIRECTION = "the features have zero norm, NaN, infinity or a norm outside 1e-140..1e140"


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


def every_candidate_table(pool: Samples) -> Samples:
    """Lay out a selection that takes every candidate, with the columns of :func:`selection_table`."""
    table = pool.with_column("reason", [SELECTED] * len(pool)).with_column("other", [None] * len(pool))
    for name in ("distance", "nearest", "farthest"):
        table = table.with_column(name, np.full(len(pool), np.nan))
    return table


def selection_rejected(selection: Selection, candidates: list[str], references: list[str]) -> list[Rejected]:
    """List the candidates and references that took no part because their features have no direction."""
    rows = np.flatnonzero(selection.reasons == SET_ASIDE)
    return [
        *(Rejected(candidates[row], "", f"candidate: {NO_DIRECTION}") for row in rows),
        *(Rejected(references[row], "", f"reference: {NO_DIRECTION}") for row in selection.references_set_aside),
    ]


def thinning_rejected(thinning: Thinning) -> list[Rejected]:
    """List the rows that were not thinned because their features have no direction."""
    return [Rejected(thinning.ids[row], "", NO_DIRECTION) for row in thinning.set_aside]


def clusters_table(thinning: Thinning) -> Samples:
    """Lay out the cluster and the fate of every row."""
    kept = np.zeros(len(thinning.ids), dtype=bool)
    kept[thinning.kept] = True
    return Samples.from_columns(id=thinning.ids, cluster=thinning.labels, kept=kept)


def cluster_sizes_table(thinning: Thinning) -> Samples:
    """Lay out size, members kept, largest inner distance and label span of every cluster.

    The distance is NaN for clusters of more than :data:`~syndr.downsample.MEASURED_MEMBERS`.
    """
    return Samples.from_columns(
        id=[str(cluster) for cluster in range(len(thinning.sizes))],
        cluster=range(len(thinning.sizes)),
        size=thinning.sizes,
        kept=thinning.sizes_kept,
        largest_distance=thinning.inner_distances(),
        label_span=thinning.label_span,
    )


def safe_text(text: str) -> str:
    """Put a ``'`` before a text that a spreadsheet would take for a formula, or that begins with one itself."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def spreadsheet_safe(samples: Samples) -> Samples:
    """Give a table to be opened in a spreadsheet: no name and no text in it is taken for a formula.

    Different texts stay different, and numbers stay numbers.
    """
    columns = {
        safe_text(name): pa.array([None if text is None else safe_text(text) for text in column.to_pylist()])
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        else column
        for name, column in zip(samples.table.column_names, samples.table.columns, strict=True)
    }
    return Samples(pa.table(columns))


def write_thinning_features(thinning: Thinning, path: Path, seed: int = 0) -> None:
    """Keep the features of a draw of the samples that were compared, as float16."""
    ids = [thinning.ids[row] for row in np.flatnonzero(thinning.labels >= 0)]
    rows = np.sort(np.argsort(hash_ids(ids, seed), kind="stable")[:_MAP_ROWS])
    names = np.array([ids[row] for row in rows], dtype=np.str_)
    unit = thinning.features[rows].astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)  # so that float16 holds them, whatever their size
    with atomic_path(path) as temporary:
        np.savez(temporary, ids=names, features=unit.astype(np.float16))
