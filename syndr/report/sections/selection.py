"""Section "Selection": which candidates DDCUp took, and why each of the others was rejected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from syndr.report.blocks import Bars, Block, Gallery, Histogram, Picture, Section, Table, Text, Tone
from syndr.report.recorded_run import RecordedRun
from syndr.report.sections.wording import absent, part
from syndr.report.thumbnails import Thumbnails, can_show, pictures
from syndr.rng import hash_ids
from syndr.samples import Samples
from syndr.select import OVER_CAP, SELECTED, SET_ASIDE, SIMILAR, TOO_CLOSE, TOO_FAR

TITLE = "Selection"
#: What a candidate can fail; that it failed none is worth a row too.
TESTS = (TOO_CLOSE, TOO_FAR, SIMILAR)
#: The colour of each fate, the same wherever it is drawn.
FATE_TONES: Mapping[str, Tone] = {
    SELECTED: "added",
    TOO_CLOSE: "first",
    TOO_FAR: "second",
    SIMILAR: "third",
    OVER_CAP: "fourth",
    SET_ASIDE: "other",
}
_TABLE_ROWS = 10_000
_PICTURES_SELECTED, _PICTURES_PER_REASON = 24, 6


def selection_section(run: RecordedRun, thumbnails: Thumbnails | None) -> Section:
    """Build the section."""
    if run.setting("select", "enabled") is False:
        return Section(TITLE, [Text("The recipe switches the selection of new references off (select.enabled).")])
    if run.setting("select", "method") == "all":
        return Section(TITLE, [Text("The recipe takes every candidate (select.method = 'all'): nothing was selected.")])
    stage = run.stage("select")
    if stage is None:
        return Section(TITLE, [absent("select")])
    counts: Mapping[str, int] = stage.summary.get("counts", {})
    lower, upper = (float(stage.summary.get(name, np.nan)) for name in ("lower", "upper"))
    selected, candidates = counts.get(SELECTED, 0), sum(counts.values())
    blocks: list[Block] = [
        Text(
            f"DDCUp selected {part(selected, candidates)} candidate references. A candidate passes when its nearest "
            f"training reference is farther away than {lower:.4f}, so that it brings new content, and its farthest is "
            f"nearer than {upper:.4f}, so that it stays within the references' distribution. Of candidates that "
            f"resemble one another more closely than {lower:.4f}, one stays."
        )
    ]
    if candidates and not selected:
        blocks.append(Text("No candidate was selected; the counts below say which test they failed.", warning=True))
    fates = {reason: number for reason, number in counts.items() if number or reason in TESTS}
    if candidates:
        blocks.append(Bars(list(fates), list(fates.values()), "Candidates by fate"))
    table = run.samples("selection.parquet", "reason", "distance", "other", "nearest", "farthest")
    if table is None:
        return Section(TITLE, [*blocks, absent("select", "selection.parquet")])
    chosen = table["reason"] == SELECTED
    blocks += [
        _distances(
            table,
            "nearest",
            (lower, f"lower threshold {lower:.4f}: the nearest reference must be farther than this"),
        ),
        _distances(
            table, "farthest", (upper, f"upper threshold {upper:.4f}: the farthest reference must be nearer than this")
        ),
    ]
    if thumbnails is not None and can_show(table, thumbnails):
        blocks += _galleries(table, thumbnails)
    return Section(TITLE, [*blocks, _candidates(table, chosen)])


def _distances(table: Samples, which: str, threshold: tuple[float, str]) -> Histogram:
    return Histogram(
        table[which],
        f"Distance of each candidate to its {which} reference",
        "cosine distance",
        markers=[threshold],
        highlighted=table["reason"] == SELECTED,
        highlighted_label="selected",
        unit="candidates",
    )


def _candidates(table: Samples, chosen: npt.NDArray[np.bool_]) -> Table:
    rows = _shown_rows(table, chosen)
    shown = table.take(rows)
    columns = ("id", "reason", "nearest", "farthest", "distance", "other")
    return Table(
        columns=("Candidate", "Fate", "Nearest reference at", "Farthest at", "Decided at", "Decided by"),
        rows=list(zip(*(shown.table[name].to_pylist() for name in columns), strict=True)),
        caption="Candidates, and what decided their fate",
        note=_cut(len(shown), len(table)) + "Selected candidates are marked.",
        highlighted=frozenset(np.flatnonzero(chosen[rows]).tolist()),
    )


def _shown_rows(table: Samples, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Give all rows, or where they are too many a draw: of the selected first, then of the others."""
    if len(table) <= _TABLE_ROWS:
        return np.arange(len(table))
    return np.sort(np.lexsort((hash_ids(table.ids, 0), ~chosen))[:_TABLE_ROWS])


def _cut(shown: int, total: int) -> str:
    if shown == total:
        return ""
    return f"A draw of {shown:,} of {total:,} candidates, selected ones first; selection.parquet has all. "


def _galleries(table: Samples, thumbnails: Thumbnails) -> Iterator[Gallery]:
    reasons = table["reason"]
    rows = np.flatnonzero(reasons == SELECTED)
    if len(rows):
        shown = rows[:_PICTURES_SELECTED]
        yield Gallery(
            _pictures(table.take(shown), thumbnails), f"Selected candidates, {len(shown)} of {len(rows):,} shown"
        )
    others = [
        np.flatnonzero(reasons == reason)[:_PICTURES_PER_REASON] for reason in np.unique(reasons) if reason != SELECTED
    ]
    if others:
        rejected = table.take(np.concatenate(others))
        yield Gallery(
            _pictures(rejected, thumbnails), f"Rejected candidates, up to {_PICTURES_PER_REASON} for each reason"
        )


def _pictures(shown: Samples, thumbnails: Thumbnails) -> list[Picture]:
    gone = [reason != SELECTED for reason in shown["reason"]]
    details = [
        f"nearest reference at {near:.3f}" if near is not None and np.isfinite(near) else ""
        for near in shown.table["nearest"].to_pylist()
    ]
    marks = [reason if away else "" for reason, away in zip(shown["reason"], gone, strict=True)]
    return pictures(shown, thumbnails, details, marks, gone)
