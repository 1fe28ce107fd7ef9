"""The search on rows that are hard on it, beside the full product tile by tile: it must not fall far behind that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.contest import Contestant, Size, contestants, timed
from benchmarks.hard_rows import HARD, full_product
from benchmarks.joins import RADIUS
from benchmarks.partitions import rows_apart
from syndr import components


def joined(features: Any) -> Any:
    """The components, without labels."""
    return components(features, RADIUS).labels


@pytest.mark.parametrize("kind", HARD)
@contestants(
    Contestant("syndr.components", joined, ours=True, rounds=3),
    Contestant("full product by BLAS, tile by tile", full_product, rounds=1),
)
def test_hard_rows(benchmark: Any, size: Size, tmp_path: Path, kind: str, contestant: Contestant) -> None:
    rows = HARD[kind](size.pick(100_000, quick=1_500))
    work = f"hard: {kind}, {len(rows):,} x {rows.shape[1]}, without labels"
    found = timed(benchmark, contestant.function, [rows], work, contestant.name, contestant.ours, len(rows),
                  rounds=contestant.rounds, warm_up=0)  # fmt: skip
    benchmark.extra_info["difference"] = {"rows_apart": rows_apart(joined(rows), found)}
