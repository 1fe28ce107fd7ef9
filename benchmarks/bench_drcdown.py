"""DRCDown beside the released code's step, FAISS and scikit-learn: connected components with the label condition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.contest import Contestant, Size, compete, contestants
from benchmarks.generator import KadidLike, measure
from benchmarks.joins import GAP, RADIUS, faiss_range_search, scipy_pdist, sklearn_radius_neighbors
from benchmarks.partitions import difference
from syndr import DRCDown

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
    Contestant("scipy pdist (released code)", scipy_pdist, rounds=3),
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
