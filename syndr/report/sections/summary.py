"""Section "In short": how many images went, from which clusters, and why; and whether it helped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from syndr.report.blocks import Block, Facts, Section, Share, Text, Verdict
from syndr.report.clustering import Clustering
from syndr.report.recorded_run import STAGES, RecordedRun
from syndr.report.sections.clusters import the_rule, what_happened
from syndr.report.sections.largest_clusters import losses
from syndr.report.sections.wording import count, duration
from syndr.select import OVER_CAP, SELECTED, SET_ASIDE, SIMILAR, TOO_CLOSE, TOO_FAR

TITLE = "In short"


def summary_section(run: RecordedRun) -> Section:
    """Build the section of a run, from whatever stages were run."""
    blocks: list[Block] = []
    found = Clustering.recorded(run)
    train = run.stage("train")
    if found is not None and train is not None and len(found.size):
        blocks += clustering_summary(found, train.summary.get("rows"))
    select = run.stage("select")
    if select is not None and select.summary.get("counts"):
        blocks.append(_selection(select.summary))
    facts: dict[str, Any] = {}
    synthesize = run.stage("synthesize")
    if synthesize is not None and synthesize.summary.get("pseudo"):
        facts["Pseudo-labelled samples added"] = synthesize.summary["pseudo"]
    for target, metrics in list((run.results() or {}).items())[:4]:
        facts[f"SRCC on {target}"] = metrics.get("srcc")
    seconds = [stage.seconds for stage in map(run.stage, STAGES) if stage is not None]
    if seconds:
        facts["Time"] = duration(sum(seconds))
    if facts:
        blocks.append(Facts(facts, headline=True))
    return Section(TITLE, blocks or [Text("No stage of this run has finished yet.")])


def clustering_summary(found: Clustering, rows: int | None = None) -> list[Block]:
    """Say what thinning did.

    Args:
        found: What it did.
        rows: Size of the whole training set, where that is more than was eligible for thinning.
    """
    eligible = int(found.size.sum())
    total = max(eligible, rows or 0)
    why = [f"Why: {the_rule(found)}"] if found.thinned else [what_happened(found)]
    chained = int((found.chained & (found.kept < found.size)).sum())
    if chained:
        them = "it holds" if chained == 1 else "they hold"
        why.append(
            f"Look twice at {count(chained, 'thinned cluster')}"
            f"{', all there are' if chained == found.thinned > 1 else ''}: {them} unlike samples joined through "
            "look-alikes between them (chaining)."
        )
    parts = [
        Share("kept", eligible - found.dropped, "kept"),
        Share("dropped as look-alikes", found.dropped, "gone"),
        Share("not eligible for thinning", total - eligible, "other"),
    ]
    claim = f"training samples went, from {found.thinned:,} of {count(len(found.size), 'cluster')}."
    return [Verdict(f"{found.dropped:,} of {total:,}", claim, parts, why), *losses(found)]


def _selection(summary: Mapping[str, Any]) -> Verdict:
    counts: Mapping[str, int] = summary["counts"]
    lower, upper = (float(summary.get(name, np.nan)) for name in ("lower", "upper"))
    why = {
        TOO_CLOSE: f"too close: a training reference within {lower:.4f} shows nearly the same",
        TOO_FAR: f"too far: a training reference {upper:.4f} or more away puts them outside the distribution",
        SIMILAR: f"similar: within {lower:.4f} of another candidate, of which one stays",
        OVER_CAP: "passed every test, but went over max_selected",
        SET_ASIDE: "without usable features",
    }
    parts = [Share("selected", counts.get(SELECTED, 0), "added")]
    parts += [
        Share(why.get(reason, reason), number, "other") for reason, number in counts.items() if reason != SELECTED
    ]
    return Verdict(
        f"{counts.get(SELECTED, 0):,} of {sum(counts.values()):,}", "candidate references were selected.", parts
    )
