"""The largest clusters: how wide they are, what they hold, what was dropped, and what that looks like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from syndr.report.blocks import Bars, Card, Cards, Picture, Table
from syndr.report.clustering import Clustering
from syndr.report.distortions import distortion_name
from syndr.report.sections.chaining import NOT_MEASURED, ON_A_CARD
from syndr.report.sections.size_bands import bars_by_size
from syndr.report.thumbnails import Thumbnails, can_show, pictures, spread
from syndr.samples import Samples

_TABLE_ROWS = 5000
_CARDS, _PICTURES = 8, 6  # pictures of members kept, and as many of members dropped
_BARS = 6
_ALIKE = 0.9  # bars within this share of the longest look alike
_CONTENTS = ("Reference images", "Distortions")


def largest_clusters(found: Clustering) -> Table:
    """Build the table."""
    order = found.by_size[:_TABLE_ROWS]
    numbers = found.cluster[order].tolist()
    holds = found.contents(numbers)
    total = len(found.size)
    return Table(
        columns=("Cluster", "Size", "Kept", "Dropped", "Largest distance", "Label span", "Chained", *_CONTENTS),
        rows=[
            (
                str(number),
                int(found.size[at]),
                int(found.kept[at]),
                int(found.size[at] - found.kept[at]),
                float(found.largest_distance[at]),
                float(found.label_span[at]),
                bool(found.chained[at]),
                *(holds[number][name] for name in _CONTENTS),
            )
            for at, number in zip(order, numbers, strict=True)
        ],
        caption="The largest clusters of at least two samples",
        note=(f"The {len(order):,} largest of {total:,} clusters. " if total > len(order) else "")
        + "Chained clusters are marked."
        + (f" A dash among the distances: {NOT_MEASURED}." if found.unmeasured[order].any() else ""),
        decimals=3,
        column_decimals={"Label span": 2},
        highlighted=frozenset(rank for rank, at in enumerate(order) if found.chained[at]),
    )


def losses(found: Clustering) -> list[Bars]:
    """Show the clusters that lost most, for the summary, or sizes when these are all alike; nothing when none lost."""
    lost = found.size - found.kept
    order = np.lexsort((found.cluster, -lost))[: min(_BARS, found.thinned)]
    if not len(order):
        return []
    if len(order) > 2 and found.size[order].min() > _ALIKE * found.size[order].max():
        return [bars_by_size(found.size, found.kept)]  # bars of one length would tell nothing
    numbers = found.cluster[order].tolist()
    holds = found.contents(numbers)
    share = 100 * lost[order].sum() / found.dropped
    return [
        Bars(
            labels=[_short(number, holds[number]["Reference images"]) for number in numbers],
            values=found.size[order].tolist(),
            parts=found.kept[order].tolist(),
            caption=f"The {len(order)} clusters that lost most: {share:.0f}% of what was dropped"
            if len(order) > 1
            else "The one cluster that lost samples",
            part_label="kept",
            whole_label="before thinning",
        )
    ]


def _short(number: int, references: str | None) -> str:
    return f"cluster {number}" + (f": {references}" if references else "")


def cluster_cards(found: Clustering, thumbnails: Thumbnails | None) -> list[Cards]:
    """Show members of the largest clusters, those kept and those dropped; nothing without pictures."""
    if thumbnails is None or not can_show(found.samples, thumbnails):
        return []
    order = found.by_size[:_CARDS]
    numbers = found.cluster[order].tolist()
    rows = found.rows_of(numbers)
    if rows is None or not len(order):
        return []
    holds = found.contents(numbers)
    cards = []
    for at, number in zip(order, numbers, strict=True):
        cards.append(
            Card(
                f"Cluster {number}",
                kept=int(found.kept[at]),
                size=int(found.size[at]),
                facts=list(_facts(found, at, holds[number])),
                pictures=_members(rows.take(rows["cluster"] == number), thumbnails),
                warning=ON_A_CARD if found.chained[at] else "",
            )
        )
    note = f"Up to {_PICTURES} members kept and {_PICTURES} dropped of each, evenly spaced in the order of their ids."
    return [Cards(cards, f"The {len(cards)} largest clusters" if len(cards) > 1 else "The largest cluster", note)]


def _facts(found: Clustering, at: int, holds: Mapping[str, str | None]) -> Iterator[str]:
    if found.unmeasured[at]:
        yield f"largest distance {NOT_MEASURED}"
    else:
        yield f"members up to {found.largest_distance[at]:.3f} apart"
    if np.isfinite(found.label_span[at]):
        yield f"labels span {found.label_span[at]:.2f}"
    yield from (f"{name.lower()}: {value}" for name, value in holds.items() if value is not None)


def _members(rows: Samples, thumbnails: Thumbnails) -> list[Picture]:
    by_id = sorted(range(len(rows)), key=lambda row: rows.ids[row])
    kept = rows["kept"].astype(bool)
    chosen = []
    for fate in (True, False):
        side = [row for row in by_id if kept[row] == fate]
        chosen += [side[at] for at in spread(len(side), _PICTURES)]
    shown = rows.take(chosen)
    stays = shown["kept"].astype(bool)
    return pictures(shown, thumbnails, _details(shown), ["kept" if s else "dropped" for s in stays], (~stays).tolist())


def _details(shown: Samples) -> list[str]:
    types, levels, qualities = (
        shown.table[name].to_pylist() if name in shown else [None] * len(shown) for name in ("type", "level", "quality")
    )
    return [
        ", ".join(
            [
                *([] if kind is None else [distortion_name(kind)]),
                *([] if kind is None or level is None else [f"level {level:g}"]),
                *([] if quality is None or not np.isfinite(quality) else [f"quality {quality:.1f}"]),
            ]
        )
        for kind, level, quality in zip(types, levels, qualities, strict=True)
    ]
