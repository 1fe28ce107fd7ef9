"""Section "Clusters": which samples DRCDown found redundant, and how many of each cluster stayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from syndr.report.blocks import Bars, Block, Facts, Section, Table, Text
from syndr.report.recorded_run import RecordedRun
from syndr.report.sections.wording import absent, count, part
from syndr.samples import Samples

TITLE = "Clusters"
_TABLE_ROWS = 25
#: A cluster is called chained when its ends are this many radii, or this far in quality, apart.
_CHAINED_RADII, _CHAINED_SPAN = 2.0, 2.0
_CLASS_STARTS = np.array([1, 2, 6, 11, 21, 41, 101, 201, 501, 1001, 10001])


def clusters_section(run: RecordedRun) -> Section:
    """Build the section."""
    if run.setting("downsample", "enabled") is False:
        return Section(TITLE, [Text("The recipe switches thinning off (downsample.enabled): every sample was kept.")])
    if run.stage("train") is None:
        return Section(TITLE, [absent("train")])
    table = run.table("cluster_sizes.parquet", "cluster", "size", "kept", "largest_distance", "label_span")
    if table is None:
        return Section(TITLE, [absent("train", "cluster_sizes.parquet")])
    if table.num_rows == 0:
        return Section(TITLE, [Text("No sample was eligible for thinning, so there are no clusters.")])
    columns = {name: table[name].to_numpy() for name in table.column_names}
    size, kept = columns["size"], columns["kept"]
    thinned = int((kept < size).sum())
    radius = run.setting("downsample", "distance")
    chained = _chained(columns, radius)
    blocks: list[Block] = [
        Text(_what_happened(run, size, kept, thinned)),
        Facts(
            {
                "Samples in clusters": int(size.sum()),
                "Dropped": part(int((size - kept).sum()), int(size.sum())),
                "Clusters thinned": part(thinned, len(size)),
                "Largest cluster, before and after": f"{size.max():,} → {kept.max():,}",
            },
            headline=True,
        ),
        *_chaining_note(chained, radius),
        _bars_by_size(size, kept),
        _sizes_before_and_after(size, kept),
        _largest(run, columns, chained),
    ]
    return Section(TITLE, blocks)


def _what_happened(run: RecordedRun, size: npt.NDArray[np.int64], kept: npt.NDArray[np.int64], thinned: int) -> str:
    radius, gap, least = (run.setting("downsample", key) for key in ("distance", "label_gap", "min_keep"))
    sentences = [
        f"DRCDown dropped {count(int((size - kept).sum()), 'sample')} from {count(thinned, 'cluster')} of look-alikes; "
        f"the other {count(len(size) - thinned, 'cluster')} kept every member."
    ]
    if radius is not None and gap is not None:
        sentences.append(
            f"Two samples are joined when their cosine distance is below {radius:g} and their qualities differ by less "
            f"than {gap:g} on the 0–10 scale; a cluster is whatever is joined, directly or through others."
        )
    limit = {"released": 1, "paper": 2}.get(str(run.setting("downsample", "rule")))
    if limit is not None and least is not None:
        sentences.append(
            f"A cluster of more than {limit * least} members keeps half of them, but at least {least}, drawn by seed."
        )
    if run.setting("downsample", "refresh") == "epoch":
        sentences.append(
            "Thinning is redone in every epoch with the features the model then has; shown here is the one that the "
            "run recorded."
        )
    return " ".join(sentences)


def _chained(columns: Mapping[str, npt.NDArray[np.float64]], radius: float | None) -> npt.NDArray[np.bool_]:
    wide = columns["label_span"] > _CHAINED_SPAN
    return wide if radius is None else wide | (columns["largest_distance"] > _CHAINED_RADII * radius)


def _chaining_note(chained: npt.NDArray[np.bool_], radius: float | None) -> list[Text]:
    number = int(chained.sum())
    test = "" if radius is None else f"two members are more than {_CHAINED_RADII * radius:g} apart, or "
    test += f"qualities differ by more than {_CHAINED_SPAN:g}"
    if number == 0:
        return [Text(f"No cluster is chained: in none of them {test}.")]
    return [
        Text(
            f"Chaining: in {part(number, len(chained))} clusters {test}. Such a cluster holds unlike samples that are "
            "joined only through look-alikes between them; look at it before you trust what was dropped from it.",
            warning=True,
        )
    ]


def _bars_by_size(size: npt.NDArray[np.int64], kept: npt.NDArray[np.int64]) -> Bars:
    of_class = _size_class(size)
    present = np.unique(of_class)
    return Bars(
        labels=[f"size {_class_name(at)}" for at in present],
        values=[int(size[of_class == at].sum()) for at in present],
        parts=[int(kept[of_class == at].sum()) for at in present],
        caption="Samples by the size of their cluster, and how many of them stayed",
        part_label="kept",
        whole_label="before thinning",
    )


def _sizes_before_and_after(size: npt.NDArray[np.int64], kept: npt.NDArray[np.int64]) -> Table:
    before, after = _size_class(size), _size_class(kept)
    return Table(
        columns=("Cluster size", "Clusters before", "Clusters after", "Samples before", "Samples after"),
        rows=[
            (
                _class_name(at),
                int((before == at).sum()),
                int((after == at).sum()),
                int(size[before == at].sum()),
                int(kept[after == at].sum()),
            )
            for at in np.union1d(before, after)
        ],
        caption="Cluster sizes before and after thinning",
    )


def _largest(run: RecordedRun, columns: Mapping[str, npt.NDArray[np.float64]], chained: npt.NDArray[np.bool_]) -> Table:
    order = np.lexsort((columns["cluster"], -columns["size"]))[:_TABLE_ROWS]
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
        caption="The largest clusters",
        note=(
            f"The {len(order)} largest of {total:,} clusters; cluster_sizes.parquet has all. "
            if total > len(order)
            else ""
        )
        + "Chained clusters are marked. Numbers in brackets count samples.",
        highlighted=frozenset(rank for rank, at in enumerate(order) if chained[at]),
    )


_CONTENTS = {"Reference images": "reference", "Distortion types": "type"}


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


def _size_class(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.searchsorted(_CLASS_STARTS, sizes, side="right") - 1


def _class_name(at: int) -> str:
    first = _CLASS_STARTS[at]
    if at + 1 == len(_CLASS_STARTS):
        return f"over {first - 1:,}"
    last = _CLASS_STARTS[at + 1] - 1
    return f"{first:,}" if first == last else f"{first:,}–{last:,}"
