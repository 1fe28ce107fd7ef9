"""The search over real features: as they are, and repeated with a little noise to 160,000 rows.

``SYNDR_REAL_FEATURES`` names the file: an ``.npz`` with ``features`` (rows, dims) and ``quality`` (rows,).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.contest import Contestant, Size, contestants, timed
from benchmarks.joins import GAP, RADIUS, faiss_range_search
from benchmarks.partitions import brute_force, difference, rows_apart
from syndr import components

TILED = 160_000
_NOISE = 1e-3  # standard deviation, in units of a feature's mean absolute value


def joined(features: Any, labels: Any) -> Any:
    """The components with the label condition."""
    return components(features, RADIUS, labels, GAP).labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("real")


@pytest.fixture
def data(size: Size, rows: int | None, folder: Path) -> tuple[Path, Path, Path]:
    """Features, labels and the partition of all pairs in float64, in files."""
    given = os.environ.get("SYNDR_REAL_FEATURES")
    if not given:
        pytest.skip("SYNDR_REAL_FEATURES names no file of real features")
    files = tuple(folder / f"{name}-{rows}.npy" for name in ("features", "labels", "partition"))
    if not files[2].exists():
        with np.load(given) as loaded:
            features, labels = loaded["features"].astype(np.float32), loaded["quality"].astype(np.float64)
        if size.quick:
            features, labels = features[:1000], labels[:1000]
        if rows is not None:
            features, labels = tiled(features, labels, size.pick(rows, 3_000))
        for path, array in zip(files, (features, labels, brute_force(features, labels, RADIUS, GAP)), strict=True):
            np.save(path, array)
    return files[0], files[1], files[2]


def tiled(features: Any, labels: Any, rows: int) -> tuple[Any, Any]:
    """Repeat rows with small noise, on the labels too."""
    draw = np.random.default_rng(0)
    repeats = -(-rows // len(features))
    noise = draw.standard_normal((rows, features.shape[1]), dtype=np.float32)
    noise *= _NOISE * np.abs(features).mean()
    more = np.clip(np.tile(labels, repeats)[:rows] + _NOISE * draw.standard_normal(rows), 0, 10)
    return np.tile(features, (repeats, 1))[:rows] + noise, more


@pytest.mark.parametrize("rows", [None, TILED], ids=["as they are", "tiled"])
@contestants(
    Contestant("syndr.components", joined, ours=True),
    Contestant("FAISS IndexFlatIP.range_search", faiss_range_search, needs="faiss", rounds=1),
)
def test_real_features(benchmark: Any, size: Size, rows: int | None, data: Any, contestant: Contestant) -> None:
    if contestant.needs:
        pytest.importorskip(contestant.needs, reason=f"{contestant.needs} is not installed")
    features, labels, partition = (np.load(path) for path in data)
    work = f"components of real features, {len(labels):,} x {features.shape[1]}{', tiled' if rows else ''}"
    rounds = 2 if size.quick else min(contestant.rounds, 5)
    found = timed(benchmark, contestant.function, [features, labels], work, contestant.name, contestant.ours,
                  len(labels), rounds, warm_up=int(contestant.ours))  # fmt: skip
    if contestant.ours:
        assert rows_apart(partition, found) == 0
    benchmark.extra_info["difference"] = difference(features, labels, partition, found, RADIUS, GAP)
