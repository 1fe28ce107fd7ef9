"""Section "Clusters": which samples DRCDown found redundant, and how many of each cluster stayed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from syndr.report.blocks import Bars, Block, Facts, Section, Table, Text
from syndr.report.recorded_run import RecordedRun
from syndr.report.sections.largest_clusters import largest_clusters
from syndr.report.sections.wording import absent, count, part

TITLE = "Clusters"
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
        largest_clusters(run, columns, chained),
    ]
    return Section(TITLE, blocks)


def _what_happened(run: RecordedRun, size: npt.NDArray[np.int64], kept: npt.NDArray[np.int64], thinned: int) -> str:
    radius, gap, least = (run.setting("downsample", key) for key in ("distance", "label_gap", "min_keep"))
    sentences = ["DRCDown dropped nothing: no cluster of look-alikes is large enough to be thinned."]
    if thinned:
        sentences = [
            f"DRCDown dropped {count(int((size - kept).sum()), 'sample')} from {count(thinned, 'cluster')} of "
            f"look-alikes; the other {count(len(size) - thinned, 'cluster')} kept every member."
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
            "Thinning is redone in every epoch with the features the model then has; shown here is the last one."
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
            "joined only through look-alikes between them; look at it before you trust what was dropped from it. Those "
            "among the largest are marked below.",
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


def _size_class(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.searchsorted(_CLASS_STARTS, sizes, side="right") - 1


def _class_name(at: int) -> str:
    first = _CLASS_STARTS[at]
    if at + 1 == len(_CLASS_STARTS):
        return f"over {first - 1:,}"
    last = _CLASS_STARTS[at + 1] - 1
    return f"{first:,}" if first == last else f"{first:,}–{last:,}"
