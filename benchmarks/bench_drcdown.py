"""DRCDown beside the released code's step, FAISS and scikit-learn: connected components with the label condition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.contest import Contestant, Size, compete, contestants
from benchmarks.generator import KadidLike, measure
from benchmarks.joins import (
    GAP,
    RADIUS,
    faiss_hnsw,
    faiss_ivf,
    faiss_range_search,
    scipy_pdist,
    sklearn_radius_neighbors,
)
from benchmarks.partitions import difference, rows_apart
from syndr import DRCDown
from syndr.search import get_search

Data = tuple[Path, Path]


def drcdown(features: Any, labels: Any) -> Any:
    """The whole of DRCDown, the draw included."""
    return DRCDown(RADIUS, GAP).fit(features, labels).labels_


def drcdown_over_faiss(features: Any, labels: Any) -> Any:
    """The same over FAISS's flat index."""
    return DRCDown(RADIUS, GAP, search="faiss").fit(features, labels).labels_


@pytest.fixture(scope="module")
def data(size: Size, remarks: list[str], tmp_path_factory: pytest.TempPathFactory) -> Data:
    generator = KadidLike()
    features, labels = generator.samples(size.pick(10_125, quick=2_000))
    remarks.append(f"Generated data: {measure(generator, features, labels)}.")
    clusters = np.bincount(drcdown(features, labels))
    remarks.append(f"{len(clusters):,} clusters, the largest of {clusters.max():,} rows.")
    folder = tmp_path_factory.mktemp("data")
    np.save(folder / "features.npy", features)
    np.save(folder / "labels.npy", labels)
    return folder / "features.npy", folder / "labels.npy"


@contestants(
    Contestant("syndr.DRCDown", drcdown, ours=True),
    Contestant("syndr.DRCDown(search='faiss')", drcdown_over_faiss, ours=True, needs="faiss"),
    Contestant("scipy pdist (released code)", scipy_pdist, rounds=3, most_rows=40_000),
    Contestant("FAISS IndexFlatIP.range_search", faiss_range_search, needs="faiss"),
    Contestant("scikit-learn radius_neighbors_graph", sklearn_radius_neighbors, needs="sklearn", rounds=5),
)
def test_components(benchmark: Any, size: Size, data: Data, contestant: Contestant) -> None:
    features, labels = (np.load(path) for path in data)
    found = compete(benchmark, size, contestant, f"components, {len(labels):,} x {features.shape[1]}", data)
    differing = difference(features, labels, drcdown(features, labels), found, RADIUS, GAP)
    benchmark.extra_info["difference"] = differing
    # A difference that nearness to the radius does not explain would make the times incomparable.
    assert differing.get("explained_by", 0) is not None
    if contestant.ours:
        assert differing["rows_apart"] == 0


def parameters(backend: str, features: Any, labels: Any, remarks: list[str]) -> Any:
    """Find what an index that may miss pairs must be asked for a recall of 0.99; say what it came to."""
    search = get_search(backend)  # its default target is 0.99
    DRCDown(RADIUS, GAP, search=search).fit(features, labels)
    chosen, recall = search.report["parameters"], search.report["recall"]
    remarks.append(f"{backend}: {', '.join(f'{name} {value}' for name, value in chosen.items())}; recall {recall}.")
    return np.array(list(chosen.values()))


@contestants(
    Contestant("FAISS IndexIVFFlat.range_search", faiss_ivf, needs="faiss", rounds=3),
    Contestant("FAISS IndexHNSWFlat.search", faiss_hnsw, needs="faiss", rounds=3),
)
def test_components_with_pairs_missed(
    benchmark: Any, size: Size, data: Data, remarks: list[str], tmp_path: Path, contestant: Contestant
) -> None:
    pytest.importorskip("faiss", reason="faiss is not installed")
    features, labels = (np.load(path) for path in data)
    backend = {faiss_ivf: "faiss-ivf", faiss_hnsw: "faiss-hnsw"}[contestant.function]
    np.save(tmp_path / "parameters.npy", parameters(backend, features, labels, remarks))
    arrays = (*data, tmp_path / "parameters.npy")
    found = compete(benchmark, size, contestant, f"components, {len(labels):,} x {features.shape[1]}", arrays)
    # What it missed, nearness to the radius does not explain: the table says how many rows it put elsewhere.
    benchmark.extra_info["difference"] = {"rows_apart": rows_apart(drcdown(features, labels), found)}
