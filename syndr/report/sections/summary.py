"""Section "In short": how many images were dropped, from which clusters, and why; and whether it helped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from syndr.report.blocks import Block, Facts, Section, Share, Text, Verdict
from syndr.report.clustering import Clustering
from syndr.report.recorded_run import STAGES, RecordedRun
from syndr.report.sections.chaining import chaining_in_short
from syndr.report.sections.clusters import the_rule, what_happened
from syndr.report.sections.largest_clusters import losses
from syndr.report.sections.selection import FATE_TONES, TESTS
from syndr.report.sections.wording import count, duration
from syndr.select import OVER_CAP, SELECTED, SET_ASIDE, SIMILAR, TOO_CLOSE, TOO_FAR

TITLE = "In short"


def summary_section(run: RecordedRun) -> Section:
    """Build the section of a run, from whatever stages were run."""
    blocks: list[Block] = []
    found = Clustering.recorded(run)
    train = run.stage("train")
    if found is not None and train is not None and len(found.size):
        blocks += clustering_summary(found, train.summary.get("rows"), _not_thinned(run))
    select = run.stage("select")
    if select is not None and select.summary.get("counts"):
        blocks.append(selection_summary(**_selected(select.summary), outcome=_what_came_of_it(run, select.summary)))
    elif run.setting("select", "enabled") is False:
        blocks.append(
            Text(
                "No pseudo-labelled sample was added: the recipe switches the selection of new references off "
                "(select.enabled), so the training set is the originals alone."
            )
        )
    facts: dict[str, Any] = {}
    for target, metrics in list((run.results() or {}).items())[:4]:
        facts[f"SRCC on {target}"] = metrics.get("srcc")
    seconds = [stage.seconds for stage in map(run.stage, STAGES) if stage is not None]
    if seconds:
        facts["Time"] = duration(sum(seconds))
    if facts:
        blocks.append(Facts(facts, headline=True))
    return Section(TITLE, blocks or [Text("No stage of this run has finished yet.")])


def _not_thinned(run: RecordedRun) -> str:
    originals_only = run.setting("downsample", "scope") == "originals"
    return "pseudo-labelled: thinning left them alone" if originals_only else "took no part in thinning"


def clustering_summary(
    found: Clustering, rows: int | None = None, rest: str = "took no part in thinning"
) -> list[Block]:
    """Say what thinning did.

    Args:
        found: What it did.
        rows: Size of the whole set, where that is more than took part in thinning.
        rest: What to say of those that took no part.
    """
    eligible = int(found.size.sum())
    total = max(eligible, rows or 0)
    why = [f"Why: {the_rule(found)}"] if found.thinned else [what_happened(found)]
    why += chaining_in_short(found)
    parts = [Share("kept", eligible - found.dropped, "kept"), Share("dropped", found.dropped, "gone")]
    if total > eligible:
        parts.append(Share(rest, total - eligible, "other"))
    claim = f"training samples were dropped, from {found.thinned:,} of {count(len(found.size), 'cluster')}."
    return [Verdict(f"{found.dropped:,} of {total:,}", claim, parts, why), *losses(found)]


def _selected(summary: Mapping[str, Any]) -> dict[str, Any]:
    thresholds = {name: float(summary.get(name, np.nan)) for name in ("lower", "upper")}
    return {"counts": summary["counts"], **thresholds}


def _what_came_of_it(run: RecordedRun, summary: Mapping[str, Any]) -> str:
    made = run.stage("synthesize")
    if made is None:
        return "No training samples were made of them yet: the stage “synthesize” was not run."
    pseudo, originals = (int(made.summary.get(name, 0)) for name in ("pseudo", "originals"))
    return what_selection_brought(summary["counts"].get(SELECTED, 0), pseudo, originals)


def what_selection_brought(selected: int, pseudo: int, originals: int) -> str:
    """Say what so many selected candidates brought to the training set."""
    if pseudo:
        return (
            f"Distorted and pseudo-labelled, the {count(selected, 'selected reference')} became "
            f"{count(pseudo, 'training sample')}; with the {originals:,} original ones the training set has "
            f"{originals + pseudo:,}."
        )
    why = "no candidate was selected" if not selected else "none of the selected could be given a pseudo-label"
    return f"0 pseudo-labelled samples came of it, as {why}: the training set is the {originals:,} originals alone."


def selection_summary(counts: Mapping[str, int], lower: float, upper: float, outcome: str) -> Verdict:
    """Say what became of the candidates.

    Args:
        counts: How many met each fate.
        lower: The lower threshold.
        upper: The upper one.
        outcome: What the selection brought.
    """
    why = {
        TOO_CLOSE: f"too close: a training reference within {lower:.4f} shows nearly the same",
        TOO_FAR: f"too far: a training reference {upper:.4f} or more away puts them outside the distribution",
        SIMILAR: f"similar: within {lower:.4f} of another candidate, of which one stays",
        OVER_CAP: "passed every test, but exceed max_selected",
        SET_ASIDE: "without usable features",
    }
    parts = [Share("selected", counts.get(SELECTED, 0), "added")]
    parts += [
        Share(why.get(reason, reason), number, FATE_TONES.get(reason, "other"))
        for reason, number in counts.items()
        if reason != SELECTED and (number or reason in TESTS)
    ]
    claim = "candidate references were selected."
    return Verdict(f"{counts.get(SELECTED, 0):,} of {sum(counts.values()):,}", claim, parts, [outcome])
