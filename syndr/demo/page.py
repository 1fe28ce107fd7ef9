"""The demo's report: what was made, what went, why, and whether it helped."""

from __future__ import annotations

import numpy as np

from syndr.demo.experiment import VARIANTS, DemoResult, Fold
from syndr.distort import TYPES, distort
from syndr.images import encode_thumbnail
from syndr.report import (
    Bars,
    Cards,
    Facts,
    Gallery,
    Histogram,
    Map,
    Page,
    Picture,
    Section,
    Share,
    Table,
    Text,
    Verdict,
)
from syndr.report.clustering import Clustering
from syndr.report.sections.largest_clusters import cluster_cards
from syndr.report.sections.maps import samples_map
from syndr.samples import Samples
from syndr.select import SELECTED


def demo_page(result: DemoResult) -> Page:
    """Lay out the report of a demo run."""
    first = result.folds[0]
    return Page(
        title="syndr demo",
        subtitle=f"{len(result.folds)} photographs, each held out in turn; seed {result.seed}, {result.backbone}",
        sections=(
            Section("In short", _in_short(result, first)),
            Section("Does reshaping help on a photograph never seen?", _outcome(result)),
            Section("What was made", _made(result)),
            Section(f"DDCUp, with {first.held_out} held out", _selection(result, first)),
            Section(f"DRCDown, with {first.held_out} held out", _thinning(result, first)),
            Section("Every fold", [_folds(result)]),
            Section("Time", [_time(result)]),
        ),
    )


def _in_short(result: DemoResult, fold: Fold) -> list[Verdict | Text]:
    """Say what happened to the first fold, as an example of all."""
    found, selection = fold.thinning, fold.selection
    thinned = int((found.sizes_kept < found.sizes).sum())
    counts = selection.counts
    return [
        Verdict(
            f"{len(found.dropped):,} of {len(found.labels):,}",
            f"distorted pictures went, from {thinned:,} of {len(found.sizes):,} clusters ({fold.held_out} held out).",
            [Share("kept", len(found.kept), "kept"), Share("dropped as look-alikes", len(found.dropped), "gone")],
            [
                f"Why: pictures nearer than {found.distance:g} in cosine distance, and alike in quality, are joined; "
                "of a large cluster of such look-alikes half stay, drawn by seed."
            ],
        ),
        Verdict(
            f"{counts[SELECTED]:,} of {sum(counts.values()):,}",
            "candidate windows were selected as new references.",
            [Share("selected", counts[SELECTED], "added")]
            + [Share(reason, number) for reason, number in counts.items() if reason != SELECTED],
        ),
        Text(f"The same was done {len(result.folds)} times, with another photograph held out each time."),
    ]


def _outcome(result: DemoResult) -> list[Table | Text | Bars]:
    rows = result.table()
    return [
        Table(
            ["training data", "rows", "SRCC", "± sd", "PLCC", "± sd"],
            [[r["variant"], round(r["rows"]), r["srcc"], r["srcc_sd"], r["plcc"], r["plcc_sd"]] for r in rows],
            f"Mean and standard deviation over {len(result.folds)} held-out photographs",
            note="A linear head on frozen features, trained with L1; rows are those of the first epoch.",
            decimals=3,
        ),
        Bars(
            [r["variant"] for r in rows],
            [r["srcc"] for r in rows],
            "SRCC on the held-out photograph",
            errors=[(r["srcc"] - r["srcc_sd"], r["srcc"] + r["srcc_sd"]) for r in rows],
            decimals=3,
        ),
        Text(
            "With so few photographs the spread over them drowns any difference between the variants: read this page "
            "as a tour of the method on real pictures, not as evidence for or against it."
        ),
        *_none_selected(result),
    ]


def _none_selected(result: DemoResult) -> list[Text]:
    empty = [fold.held_out for fold in result.folds if len(fold.selection.indices) == 0]
    if not empty:
        return []
    return [Text(f"DDCUp selected none with {', '.join(empty)} held out: there its variants train on the originals.")]


def _made(result: DemoResult) -> list[Facts | Text | Histogram | Gallery]:
    data = result.data
    kinds = sorted({int(kind) for kind in data.samples["type"]})
    return [
        Facts(
            {
                "photographs": len(result.folds),
                "windows of 512 x 384": len(data.references),
                "distorted pictures": len(data.samples),
                "neighbours k": result.neighbours,
            },
            headline=True,
        ),
        Text(
            "Four windows of each photograph stand in for KADID's references. Each gets five levels of "
            f"{', '.join(TYPES[kind].name for kind in kinds)}. In place of opinion scores: MDSI against the "
            "undistorted window, ranked over the whole set and mapped to 0-10 (10 is best), without noise."
        ),
        Text(
            f"k = {result.neighbours} neighbours for a pseudo-label, the number of reference photographs or at most 5; "
            "windows of one photograph are never each other's neighbours."
        ),
        Gallery(
            [
                Picture(encode_thumbnail(window), name)
                for window, name in zip(data.windows[::4], data.references.ids[::4], strict=True)
            ],
            "The first window of each photograph",
        ),
    ]


def _selection(result: DemoResult, fold: Fold) -> list[Text | Histogram | Table | Gallery]:
    selection = fold.selection
    data = result.data
    row_of = data.references.row_of
    references = [name for name in data.references.ids if data.photo_of([name])[0] in fold.references]
    return [
        Text(
            f"References: windows of {', '.join(fold.references)}. Candidates: windows of {', '.join(fold.pool)}. "
            "A candidate passes when its nearest reference is farther than the lower threshold and its farthest nearer "
            "than the upper; those that pass are thinned until all are farther apart than the lower one."
        ),
        Histogram(
            selection.nearest,
            "Distance of each candidate to its nearest reference",
            "cosine distance",
            bins=20,
            markers=[(selection.lower, "lower"), (selection.upper, "upper")],
            highlighted=selection.reasons == SELECTED,
            highlighted_label="selected",
            unit="candidates",
        ),
        Gallery(
            [
                Picture(
                    encode_thumbnail(data.windows[row_of[name]]),
                    name,
                    mark="selected" if row in selection.indices else "",
                    faded=row not in selection.indices,
                )
                for row, name in enumerate(fold.candidates)
            ],
            "The candidates",
        ),
        Table(
            ["candidate", "nearest reference", "farthest reference", "fate"],
            [
                [
                    name,
                    selection.nearest[row],
                    selection.farthest[row],
                    selection.explain(row, fold.candidates, references),
                ]
                for row, name in enumerate(fold.candidates)
            ],
            "Why each candidate stayed or went",
        ),
    ]


def _thinning(result: DemoResult, fold: Fold) -> list[Text | Histogram | Table | Cards | Map]:
    found = fold.thinning
    clusters = Clustering.of(found, result.data.samples, {"distance": found.distance})
    largest = np.argsort(-found.sizes, kind="stable")[:8]
    return [
        Text(
            f"{len(found.kept)} of {len(found.labels)} originals stay: {len(found.sizes)} clusters, "
            f"{int((found.sizes_kept < found.sizes).sum())} of them large enough to be thinned."
        ),
        Histogram(found.sizes, "Sizes of the clusters", "pictures in a cluster", bins=20, unit="clusters"),
        *cluster_cards(clusters, lambda rows: _thumbnails(result, rows)),
        samples_map(found.ids, found.features, clusters, None, result.seed),
        Table(
            ["cluster", "size", "kept", "largest inner distance", "label span"],
            [[c, found.sizes[c], found.sizes_kept[c], found.largest_distance[c], found.label_span[c]] for c in largest],
            "The largest clusters",
            note=f"An inner distance far above the radius {found.distance:g} tells of chained unlike pictures.",
        ),
        Table(
            ["", "clusters m", "pictures n", "eta", "third term, as printed", "sum of the terms, as printed"],
            [
                [name, bound.m, bound.n, bound.eta, bound.heterogeneity_term_printed, bound.total_printed]
                for name, bound in (("before", fold.before), ("after", fold.after))
            ],
            "Theorem 1",
            note="Without the Rademacher term. Removing pictures makes clusters smaller, so eta rises by the theorem's "
            "own formula.",
        ),
    ]


def _thumbnails(result: DemoResult, rows: Samples) -> list[bytes | None]:
    """Make the distorted pictures anew, from the windows in memory."""
    row_of = result.data.references.row_of
    columns = (rows[name].tolist() for name in ("reference", "type", "level", "seed"))
    return [
        encode_thumbnail(distort(result.data.windows[row_of[name]][None], kind, [level], [seed])[0])
        for name, kind, level, seed in zip(*columns, strict=True)
    ]


def _folds(result: DemoResult) -> Table:
    return Table(
        [
            "held out",
            "selected",
            "of",
            "originals",
            "thinned to",
            "eta before",
            "eta after",
            *(f"SRCC {v}" for v in VARIANTS),
        ],
        [
            [
                fold.held_out,
                len(fold.selection.indices),
                len(fold.candidates),
                fold.before.n,
                fold.after.n,
                fold.before.eta,
                fold.after.eta,
                *(fold.srcc[name] for name in VARIANTS),
            ]
            for fold in result.folds
        ],
        "One row for each photograph held out",
        decimals=3,
    )


def _time(result: DemoResult) -> Bars:
    return Bars(
        list(result.seconds), [round(value, 2) for value in result.seconds.values()], "Seconds by stage", decimals=1
    )
