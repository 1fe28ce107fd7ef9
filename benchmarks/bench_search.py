"""The search at scale: components beside FAISS, 160,000 and 700,000 rows, and DDCUp.

Large works are timed once or a few times: their rounds stand in the JSON. The 700,000 rows lie in ``runs/``, 5.7 GB,
and are made when they are not there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import ROOT
from benchmarks.contest import Contestant, Size, compete, contestants, timed
from benchmarks.generator import KadidLike, measure
from benchmarks.joins import GAP, RADIUS, faiss_range_search
from benchmarks.memory import peak_rss_anon
from benchmarks.partitions import difference
from syndr import DDCUp, components

REFERENCES = 81


def joined(features: Any, labels: Any) -> Any:
    """The components with the label condition."""
    return components(features, RADIUS, labels, GAP).labels


def joined_without_labels(features: Any) -> Any:
    """The components without it."""
    return components(features, RADIUS).labels


def candidates(size: Size, full: int) -> tuple[Path, Path]:
    """Give the files of ``full`` rows (fewer in a quick run), made where they are not there yet."""
    rows = size.pick(full, quick=2_000)
    folder = ROOT / "runs" / "benchmarks-data"
    features, labels = folder / f"features-{rows}.npy", folder / f"labels-{rows}.npy"
    if not labels.exists():  # written last
        folder.mkdir(parents=True, exist_ok=True)
        mapped = np.lib.format.open_memmap(features, mode="w+", dtype=np.float32, shape=(rows, 2048))
        quality = np.empty(rows)
        KadidLike().write(mapped, quality)
        mapped.flush()
        np.save(labels, quality)
    return features, labels


@contestants(
    Contestant("syndr.components", joined, ours=True),
    Contestant("FAISS IndexFlatIP.range_search", faiss_range_search, needs="faiss", rounds=2),
)
def test_beside_faiss(benchmark: Any, size: Size, remarks: list[str], contestant: Contestant) -> None:
    data = candidates(size, 40_000)
    features, labels = (np.load(path) for path in data)
    if contestant.ours:
        remarks.append(f"Generated data: {measure(KadidLike(), features, labels)}.")
    found = compete(benchmark, size, contestant, f"components, {len(labels):,} x {features.shape[1]}", data)
    differing = difference(features, labels, joined(features, labels), found, RADIUS, GAP)
    benchmark.extra_info["difference"] = differing
    assert differing.get("explained_by", 0) is not None
    if contestant.ours:
        assert differing["rows_apart"] == 0


WORKS: dict[str, tuple[Callable[..., Any], int, int, int]] = {
    "with labels": (joined, 160_000, 2, 3),
    "from a memory map, with labels": (joined, 700_000, 2, 1),
    "from a memory map, without labels": (joined_without_labels, 700_000, 1, 1),
}


@pytest.mark.parametrize("work", WORKS)
def test_large(benchmark: Any, size: Size, work: str) -> None:
    function, rows, arrays, rounds = WORKS[work]
    data = candidates(size, rows)[:arrays]
    loaded = [np.load(path, mmap_mode="r") for path in data]
    for start in range(0, len(loaded[0]), 10_000):  # warms the file cache
        loaded[0][start : start + 10_000, ::512].sum()
    named = f"components, {len(loaded[0]):,} x {loaded[0].shape[1]}, {work}"
    timed(benchmark, function, loaded, named, "syndr.components", ours=True, items=len(loaded[0]), rounds=rounds,
          warm_up=0)  # fmt: skip
    if arrays == 2:
        benchmark.extra_info["rss_anon"] = peak_rss_anon(function, data)


@pytest.mark.parametrize("diversity", ["forward", "removal"])
def test_ddcup(benchmark: Any, size: Size, remarks: list[str], diversity: Any) -> None:
    pool = np.load(candidates(size, 140_000)[0], mmap_mode="r")
    references = KadidLike().references(REFERENCES, first=1_000_000)

    def choose(references: Any, pool: Any) -> Any:
        return DDCUp(diversity=diversity).select(references, pool)

    work = f"DDCUp, {diversity}, {len(pool):,} candidates against {REFERENCES} references"
    chosen = timed(benchmark, choose, [references, pool], work, "syndr.DDCUp", ours=True, items=len(pool), rounds=1,
                   warm_up=0)  # fmt: skip
    remarks.append(f"{diversity.capitalize()}: {chosen!r}.")
