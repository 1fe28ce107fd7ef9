"""Section "Theorem 1": the bound term by term, before and after, and what it does not say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr.errors import StoreError
from syndr.report.blocks import Block, Cell, Section, Table, Text
from syndr.report.clustering import Clustering
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
    return bounds_section(before, after, Clustering.recorded(run))


def bounds_section(before: Bound, after: Bound, found: Clustering | None) -> Section:
    """Build the section from the bounds, and from the clusters for how their sizes are balanced."""
    change = "raised" if after.eta > before.eta else "lowered" if after.eta < before.eta else "did not change"
    blocks: list[Block] = [
        Text(
            f"Removing samples raises η by the theorem's own formula: η is the mean of 1/k over the clusters, and a "
            f"cluster that loses members has a smaller k. Here thinning {change} η ({before.eta:.4f} before, "
            f"{after.eta:.4f} after) and took n from {before.n:,} to {after.n:,}. The paper's text claims the "
            "opposite; the theorem does not justify thinning, and what thinning is worth only the results can say.",
            warning=True,
        ),
        Table(
            columns=("Term", "Before thinning", "After", "Change"),
            rows=[(text, *_row(before, after, name)) for name, text in _TERMS.items()],
            caption="The bound, term by term",
            note="L = log(2/δ). Qualities scaled to [0, 1]. The bound counts clusters as independent samples.",
            decimals=5,
        ),
    ]
    if found is not None and len(found.size):
        blocks += _balance(found)
    return Section(TITLE, blocks)


def _balance(found: Clustering) -> list[Block]:
    """Say how evenly samples are spread over clusters: what thinning is after, and does change."""
    names: dict[str, Callable[[npt.NDArray[np.float64]], float | int]] = {
        "Samples in the mean cluster": lambda k: float(k.mean()),
        "Samples in the largest cluster": lambda k: int(k.max()),
        "Share of samples in the largest 1% of clusters": _top_share,
        "Chance that two samples are of one cluster": lambda k: float(((k / k.sum()) ** 2).sum()),
        "Effective number of clusters, 1 / that chance": lambda k: float(1.0 / ((k / k.sum()) ** 2).sum()),
    }
    rows = []
    for name, measure in names.items():
        old, new = (measure(sizes.astype(np.float64)) for sizes in (found.size, found.kept))
        rows.append((name, old, new, new - old))
    (*_, (_, old, new, _)) = rows
    more = "more" if new > old else "no more"
    return [
        Text(
            "What thinning does change is the balance of density, of which η says little: clusters count equally in η "
            "however large they are, while dense ones fill most of what a model is trained on. Measured by samples, "
            f"the set is worth {old:,.1f} equally large clusters before thinning and {new:,.1f} after: {more} evenly "
            "spread than it was."
        ),
        Table(("Balance of density", "Before thinning", "After", "Change"), rows, "How evenly samples are spread"),
    ]


def _top_share(sizes: npt.NDArray[np.float64]) -> float:
    most = max(1, len(sizes) // 100)
    return float(np.sort(sizes)[-most:].sum() / sizes.sum())


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
