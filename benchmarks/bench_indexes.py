"""100,000 rows beside FAISS's indexes that miss pairs: IVF looking as hard as a recall of 0.99 needs, and HNSW's graph.

HNSW is not asked for pairs here: a row has some five hundred of them, and walks that long take hours. The time that its
graph alone takes is less than it would need; the suite drcdown has the whole, at 10,125 rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.contest import Contestant, Size, contestants, timed
from benchmarks.generator import KadidLike
from benchmarks.joins import GAP, RADIUS, faiss_ivf
from benchmarks.partitions import rows_apart
from syndr import DRCDown
from syndr.search import get_search

Data = tuple[Any, Any, Any]


def drcdown(features: Any, labels: Any) -> Any:
    """The whole of DRCDown, the draw included."""
    return DRCDown(RADIUS, GAP).fit(features, labels).labels_


@pytest.fixture(scope="module")
def data(size: Size) -> Data:
    """Features, labels and the components."""
    features, labels = KadidLike().samples(size.pick(100_000, quick=2_000))
    return features, labels, drcdown(features, labels)


@contestants(
    Contestant("syndr.DRCDown", drcdown, ours=True, rounds=5),
    Contestant("FAISS IndexIVFFlat.range_search", faiss_ivf, needs="faiss", rounds=2),
)
def test_components(
    benchmark: Any, size: Size, data: Data, remarks: list[str], tmp_path: Path, contestant: Contestant
) -> None:
    features, labels, expected = data
    arguments = [features, labels]
    if not contestant.ours:
        pytest.importorskip("faiss", reason="faiss is not installed")
        search = get_search("faiss-ivf")  # its default target is 0.99
        DRCDown(RADIUS, GAP, search=search).fit(features, labels)
        chosen, recall = search.report["parameters"], search.report["recall"]
        remarks.append(f"faiss-ivf: {', '.join(f'{name} {value}' for name, value in chosen.items())}; recall {recall}.")
        arguments.append(np.array(list(chosen.values())))
    found = timed(benchmark, contestant.function, arguments, work(features), contestant.name, contestant.ours,
                  len(labels), rounds=contestant.rounds, warm_up=int(contestant.ours))  # fmt: skip
    benchmark.extra_info["difference"] = {"rows_apart": rows_apart(expected, found)}
    assert contestant.ours <= (benchmark.extra_info["difference"]["rows_apart"] == 0)


def test_the_graph_alone(benchmark: Any, data: Data) -> None:
    faiss = pytest.importorskip("faiss", reason="faiss is not installed")
    features, labels, _ = data

    def build(features: Any) -> None:
        unit = np.array(features, dtype=np.float32)
        faiss.normalize_L2(unit)
        index = faiss.IndexHNSWFlat(unit.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 64
        index.add(unit)

    timed(benchmark, build, [features], work(features), "FAISS IndexHNSWFlat, its graph built, nothing searched",
          ours=False, items=len(labels), rounds=1, warm_up=0)  # fmt: skip


def work(features: Any) -> str:
    """Name the work."""
    return f"components, {len(features):,} x {features.shape[1]}"
