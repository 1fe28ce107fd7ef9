"""The table of the largest clusters: how wide they are, what they hold, what was dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from syndr.report.blocks import Table
from syndr.report.recorded_run import RecordedRun
from syndr.samples import Samples

_TABLE_ROWS = 25
_CONTENTS = {"Reference images": "reference", "Distortion types": "type"}


def largest_clusters(
    run: RecordedRun, columns: Mapping[str, npt.NDArray[np.float64]], chained: npt.NDArray[np.bool_]
) -> Table:
    """Build the table.

    Args:
        run: The run.
        columns: Columns of ``cluster_sizes.parquet``.
        chained: (clusters,) which of them to mark.
    """
    order = np.lexsort((columns["cluster"], -columns["size"]))
    order = order[columns["size"][order] > 1][:_TABLE_ROWS]
    holds = _contents(run, columns["cluster"][order])
    total = len(columns["size"])
    return Table(
        columns=("Cluster", "Size", "Kept", "Dropped", "Largest distance", "Label span", "Chained", *_CONTENTS),
        rows=[
            (
                str(columns["cluster"][at]),
                int(columns["size"][at]),
                int(columns["kept"][at]),
                int(columns["size"][at] - columns["kept"][at]),
                float(columns["largest_distance"][at]),
                float(columns["label_span"][at]),
                bool(chained[at]),
                *(holds[columns["cluster"][at]][name] for name in _CONTENTS),
            )
            for at in order
        ],
        caption="The largest clusters of at least two samples",
        note=(
            f"The {len(order)} largest of {total:,} clusters; cluster_sizes.parquet has all. "
            if total > len(order)
            else ""
        )
        + "Chained clusters are marked. Numbers in brackets count samples.",
        highlighted=frozenset(rank for rank, at in enumerate(order) if chained[at]),
    )


def _contents(run: RecordedRun, clusters: npt.NDArray[np.float64]) -> dict[int, dict[str, str | None]]:
    """Say which references and distortions the members of some clusters come from, as far as the tables tell."""
    members = run.samples("clusters.parquet", "cluster", "kept")
    samples = run.samples("samples.parquet")
    holds: dict[int, dict[str, str | None]] = {cluster: dict.fromkeys(_CONTENTS) for cluster in clusters}
    if members is None or samples is None:
        return holds
    inside = members.table.filter(
        pc.is_in(members.table["cluster"], pa.array(clusters).cast(members.table["cluster"].type))
    )
    cluster_of = dict(zip(inside["id"].to_pylist(), inside["cluster"].to_pylist(), strict=True))
    rows = Samples(samples.table.filter(pc.is_in(samples.table["id"], inside["id"].combine_chunks())))
    for title, column in _CONTENTS.items():
        if column not in rows:
            continue
        counts: dict[int, Counter[str]] = {cluster: Counter() for cluster in holds}
        for sample_id, value in zip(rows.ids, rows.table[column].to_pylist(), strict=True):
            if value is not None:
                counts[cluster_of[sample_id]][str(value)] += 1
        for cluster, counter in counts.items():
            holds[cluster][title] = _mostly(sorted(counter.items(), key=lambda entry: (-entry[1], entry[0])))
    return holds


def _mostly(counts: Sequence[tuple[str, int]]) -> str | None:
    """Name the two most frequent values and say how many others there are."""
    texts = [f"{value} ({number})" for value, number in counts[:2]]
    if len(counts) > 2:
        texts.append(f"{len(counts) - 2} more")
    return ", ".join(texts) or None
