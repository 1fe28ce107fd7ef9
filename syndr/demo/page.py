"""The demo's report: what was made, what was dropped, why, and whether it helped."""

from __future__ import annotations

from syndr.demo.experiment import VARIANTS, DemoResult, Fold
from syndr.distort import TYPES, distort
from syndr.downsample import DRCDown
from syndr.images import encode_thumbnail
from syndr.report import Bars, Block, Facts, Gallery, Histogram, Page, Picture, Section, Table, Text
from syndr.report.clustering import Clustering, settings_of
from syndr.report.sections.clusters import clustering_section
from syndr.report.sections.maps import samples_map
from syndr.report.sections.summary import clustering_summary, selection_summary, what_selection_brought
from syndr.report.sections.theorem import bounds_section
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


def _in_short(result: DemoResult, fold: Fold) -> list[Block]:
    """Say what happened to the first fold, as an example of all."""
    selection = fold.selection
    pseudo = 0 if fold.labels is None else fold.labels.quality.size
    outcome = what_selection_brought(len(selection.indices), pseudo, len(fold.thinning.labels))
    return [
        Text(
            f"The same was done {len(result.folds)} times, with another photograph held out each time. This is what "
            f"happened with {fold.held_out} held out."
        ),
        *clustering_summary(_clustering(result, fold)),
        selection_summary(selection.counts, selection.lower, selection.upper, outcome),
    ]


def _outcome(result: DemoResult) -> list[Block]:
    rows = result.table()
    return [
        Table(
            ["training data", "samples", "SRCC", "its deviation", "PLCC", "its deviation"],
            [[_said(r["variant"]), round(r["rows"]), r["srcc"], r["srcc_sd"], r["plcc"], r["plcc_sd"]] for r in rows],
            f"Mean and standard deviation over {len(result.folds)} held-out photographs",
            note="A linear head on frozen features, trained with L1; samples are those of the first epoch. Deviations "
            "are population standard deviations over the photographs.",
            decimals=3,
        ),
        Bars(
            [_said(r["variant"]) for r in rows],
            [r["srcc"] for r in rows],
            "SRCC on the held-out photograph, and one standard deviation to either side",
            errors=[(r["srcc"] - r["srcc_sd"], r["srcc"] + r["srcc_sd"]) for r in rows],
            decimals=3,
            x_label="SRCC; 1 is perfect agreement in rank",
            x_range=(0.0, 1.0),
        ),
        Text(
            "With so few photographs the spread over them drowns any difference between the variants: read this page "
            "as a tour of the method on real pictures, not as evidence for or against it."
        ),
        *_none_selected(result),
    ]


def _said(variant: str) -> str:
    """Give ``"with DDCUp and DRCDown"`` for ``"+ DDCUp + DRCDown"``."""
    added = variant.removeprefix("+ ")
    return variant if added == variant else f"with {added.replace(' + ', ' and ')}"


def _none_selected(result: DemoResult) -> list[Text]:
    empty = [fold.held_out for fold in result.folds if len(fold.selection.indices) == 0]
    if not empty:
        return []
    return [Text(f"DDCUp selected none with {', '.join(empty)} held out: there its variants train on the originals.")]


def _made(result: DemoResult) -> list[Block]:
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


def _selection(result: DemoResult, fold: Fold) -> list[Block]:
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
            markers=[
                (
                    selection.lower,
                    f"lower threshold {selection.lower:.4f}: the nearest reference must be farther than this",
                )
            ],
            highlighted=selection.reasons == SELECTED,
            highlighted_label="selected",
            unit="candidates",
        ),
        Gallery(
            [
                Picture(
                    encode_thumbnail(data.windows[row_of[name]]),
                    name,
                    mark="selected" if row in selection.indices else "not selected",
                    gone=row not in selection.indices,
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
            "What decided on each candidate",
        ),
    ]


def _clustering(result: DemoResult, fold: Fold) -> Clustering:
    return Clustering.of(fold.thinning, result.data.samples, settings_of(DRCDown()))


def _thinning(result: DemoResult, fold: Fold) -> list[Block]:
    found = _clustering(result, fold)
    return [
        *clustering_section(found, lambda rows: _thumbnails(result, rows)).blocks,
        samples_map(fold.thinning.ids, fold.thinning.features, found, None, result.seed),
        *bounds_section(fold.before, fold.after, found).blocks,
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
            *(f"SRCC, {_said(name)}" for name in VARIANTS),
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
    return Bars(list(result.seconds), list(result.seconds.values()), "Seconds by stage", decimals=1)
