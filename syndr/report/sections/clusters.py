"""Section "Clusters": which samples DRCDown found redundant, and how many of each cluster stayed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from syndr.report.blocks import Bars, Block, Facts, Section, Table, Text
from syndr.report.clustering import CHAINED_RADII, CHAINED_SPAN, Clustering
from syndr.report.recorded_run import RecordedRun
from syndr.report.sections.largest_clusters import cluster_cards, largest_clusters
from syndr.report.sections.wording import absent, count, part
from syndr.report.thumbnails import Thumbnails

TITLE = "Clusters"
_CLASS_STARTS = np.array([1, 2, 6, 11, 21, 41, 101, 201, 501, 1001, 10001])


def clusters_section(run: RecordedRun, thumbnails: Thumbnails | None = None) -> Section:
    """Build the section of a run."""
    if run.setting("downsample", "enabled") is False:
        return Section(TITLE, [Text("The recipe switches thinning off (downsample.enabled): every sample was kept.")])
    if run.stage("train") is None:
        return Section(TITLE, [absent("train")])
    found = Clustering.recorded(run)
    if found is None:
        return Section(TITLE, [absent("train", "cluster_sizes.parquet")])
    return clustering_section(found, thumbnails)


def clustering_section(found: Clustering, thumbnails: Thumbnails | None = None) -> Section:
    """Build the section from what thinning did."""
    if len(found.size) == 0:
        return Section(TITLE, [Text("No sample was eligible for thinning, so there are no clusters.")])
    size, kept = found.size, found.kept
    blocks: list[Block] = [
        Text(f"{what_happened(found)} {the_rule(found)}"),
        Facts(
            {
                "Samples in clusters": int(size.sum()),
                "Dropped": part(found.dropped, int(size.sum())),
                "Clusters thinned": part(found.thinned, len(size)),
                "Largest cluster, before and after": f"{size.max():,} → {kept.max():,}",
            },
            headline=True,
        ),
        *_chaining_note(found),
        _bars_by_size(size, kept),
        *cluster_cards(found, thumbnails),
        _sizes_before_and_after(size, kept),
        largest_clusters(found),
    ]
    return Section(TITLE, blocks)


def what_happened(found: Clustering) -> str:
    """Say what went, and from how many clusters."""
    if not found.thinned:
        return "DRCDown dropped nothing: no cluster of look-alikes is large enough to be thinned."
    return (
        f"DRCDown dropped {count(found.dropped, 'sample')} from {count(found.thinned, 'cluster')} of look-alikes; "
        f"the other {count(len(found.size) - found.thinned, 'cluster')} kept every member."
    )


def the_rule(found: Clustering) -> str:
    """Say what makes a cluster, and how many of its members stay."""
    radius, gap, least = (found.settings.get(key) for key in ("distance", "label_gap", "min_keep"))
    sentences: list[str] = []
    if radius is not None and gap is not None:
        labels = f" and their qualities differ by less than {gap:g} on the 0–10 scale"
        sentences.append(
            f"Two samples are joined when their cosine distance is below {radius:g}"
            f"{'' if np.isnan(found.label_span).all() else labels}; a cluster is whatever is joined, directly or "
            "through others."
        )
    limit = {"released": 1, "paper": 2}.get(str(found.settings.get("rule")))
    if limit is not None and least is not None:
        sentences.append(
            f"A cluster of more than {limit * least} members keeps half of them, but at least {least}, drawn by seed."
        )
    if found.settings.get("refresh") == "epoch":
        sentences.append(
            "Thinning is redone in every epoch with the features the model then has; shown here is the last one."
        )
    return " ".join(sentences)


def _chaining_note(found: Clustering) -> list[Text]:
    number = int(found.chained.sum())
    radius = found.settings.get("distance")
    test = "" if radius is None else f"two members are more than {CHAINED_RADII * radius:g} apart, or "
    test += f"qualities differ by more than {CHAINED_SPAN:g}"
    if number == 0:
        return [Text(f"No cluster is chained: in none of them {test}.")]
    return [
        Text(
            f"Chaining: in {part(number, len(found.chained))} clusters {test}. Such a cluster holds unlike samples "
            "that are joined only through look-alikes between them; look at it before you trust what was dropped from "
            "it. Those among the largest are marked below.",
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
