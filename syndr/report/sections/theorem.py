"""Section "Theorem 1": the bound term by term, before and after, and what it does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syndr.errors import StoreError
from syndr.report.blocks import Block, Cell, Section, Table, Text
from syndr.report.recorded_run import RecordedRun
from syndr.report.sections.wording import absent
from syndr.theory import Bound

TITLE = "Theorem 1"

_TERMS = {
    "m": "m, clusters",
    "n": "n, samples",
    "eta": "η, redundancy heterogeneity: mean of 1/k over cluster sizes k",
    "delta": "δ, probability that the bound fails",
    "rademacher_term": "2 Rad, model complexity (left out of the sums when not given)",
    "sample_term": "√(2 L / n)",
    "heterogeneity_term_printed": "√(η L / (8 m)), as the paper prints it",
    "heterogeneity_term_corrected": "√(η L / (2 m)), as Bernstein's inequality gives it",
    "cluster_term": "2 L / (3 m)",
    "total_printed": "Sum with the printed term",
    "total_corrected": "Sum with the corrected term",
}


def theorem_section(run: RecordedRun) -> Section:
    """Build the section."""
    stage = run.stage("train")
    if stage is None:
        return Section(TITLE, [absent("train")])
    before, after = (_bound(run, stage.summary.get(key)) for key in ("bound_before", "bound_after"))
    if before is None or after is None:
        return Section(TITLE, [Text("Nothing was thinned, so there is no bound before and after to compare.")])
    change = "raised" if after.eta > before.eta else "lowered" if after.eta < before.eta else "did not change"
    blocks: list[Block] = [
        Text(
            f"Removing samples raises η by the theorem's own formula: η is the mean of 1/k over the clusters, and a "
            f"cluster that loses members has a smaller k. Here thinning {change} η ({before.eta:.4f} before, "
            f"{after.eta:.4f} after) and took n from {before.n:,} to {after.n:,}. The paper's text claims the "
            "opposite; the theorem does not justify thinning, and what thinning is worth only the results can say.",
            warning=True,
        ),
        Text(
            "What thinning does change is the balance of density: "
            f"the mean cluster holds {before.n / before.m:.2f} samples before and {after.n / after.m:.2f} after."
        ),
        Table(
            columns=("Term", "Before thinning", "After", "Change"),
            rows=[(text, *_row(before, after, name)) for name, text in _TERMS.items()],
            caption="The bound, term by term",
            note="L = log(2/δ). Qualities scaled to [0, 1]. The bound counts clusters as independent samples.",
            decimals=5,
        ),
    ]
    return Section(TITLE, blocks)


def _bound(run: RecordedRun, terms: Mapping[str, Any] | None) -> Bound | None:
    if terms is None:
        return None
    try:
        return Bound(**terms)
    except TypeError as error:
        raise StoreError(
            f"{run.path / 'stages' / 'train.json'}: not the terms of a bound ({error}); run the stage again"
        ) from error


def _row(before: Bound, after: Bound, name: str) -> tuple[Cell, Cell, Cell]:
    old, new = getattr(before, name), getattr(after, name)
    return old, new, None if old is None or new is None else new - old
