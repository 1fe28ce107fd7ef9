"""DDCUp's two steps: the nearest reference of each candidate, and the whole selection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist, squareform

from benchmarks.contest import Contestant, Size, compete, contestants
from benchmarks.generator import KadidLike
from syndr import DDCUp
from syndr.search import ExactSearch, split_rows

REFERENCES = 81
Data = tuple[Path, Path]


def syndr_nearest(references: Any, candidates: Any) -> Any:
    base, _ = split_rows(references, "references", "raise")
    queries, _ = split_rows(candidates, "candidates", "raise")
    return ExactSearch().nearest(queries, base)[1][:, 0]


def faiss_nearest(references: Any, candidates: Any) -> Any:
    import faiss

    base, queries = (np.array(rows, dtype=np.float32) for rows in (references, candidates))
    faiss.normalize_L2(base)
    faiss.normalize_L2(queries)
    index = faiss.IndexFlatIP(base.shape[1])
    index.add(base)
    return index.search(queries, 1)[1][:, 0]


def sklearn_nearest(references: Any, candidates: Any) -> Any:
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute", n_jobs=-1).fit(references)
    return index.kneighbors(candidates, return_distance=False)[:, 0]


def ddcup(references: Any, candidates: Any) -> Any:
    return DDCUp().select(references, candidates).indices


def released_selection(references: Any, candidates: Any) -> Any:
    """The released code's steps: whole distance matrices, and a search of the closest pair for each removal."""
    among = squareform(pdist(references, "cosine"))
    to_references = cdist(candidates, references, "cosine")
    np.fill_diagonal(among, 1)
    lower = np.median(among.min(axis=1))
    np.fill_diagonal(among, 0)
    passing = np.flatnonzero((to_references.min(axis=1) > lower) & (to_references.max(axis=1) < among.max()))
    between = squareform(pdist(candidates[passing], "cosine"))
    np.fill_diagonal(between, 1)
    alive = np.ones(len(passing), dtype=bool)
    while len(passing):
        row, column = np.unravel_index(between.argmin(), between.shape)
        if between[row, column] >= lower:
            break
        alive[row] = False
        between[row], between[:, row] = 1, 1
    return passing[alive]


@pytest.fixture(scope="module")
def data(size: Size, tmp_path_factory: pytest.TempPathFactory) -> Data:
    folder = tmp_path_factory.mktemp("data")
    return _write(folder, size.pick(10_000, quick=1_000))


@pytest.fixture(scope="module")
def small_data(size: Size, remarks: list[str], tmp_path_factory: pytest.TempPathFactory) -> Data:
    folder = tmp_path_factory.mktemp("small")
    paths = _write(folder, size.pick(2_500, quick=500))
    remarks.append(f"Selection: {DDCUp().select(*(np.load(path) for path in paths))}.")
    return paths


def _write(folder: Path, candidates: int) -> Data:
    generator = KadidLike()
    np.save(folder / "references.npy", generator.references(REFERENCES))
    np.save(folder / "candidates.npy", generator.references(candidates, first=REFERENCES))
    return folder / "references.npy", folder / "candidates.npy"


@contestants(
    Contestant("syndr ExactSearch.nearest", syndr_nearest, ours=True),
    Contestant("FAISS IndexFlatIP.search", faiss_nearest, needs="faiss"),
    Contestant("scikit-learn NearestNeighbors", sklearn_nearest, needs="sklearn"),
)
def test_nearest_reference(benchmark: Any, size: Size, data: Data, contestant: Contestant) -> None:
    references, candidates = (np.load(path) for path in data)
    work = f"nearest of {REFERENCES} references, {len(candidates):,} candidates"
    found = compete(benchmark, size, contestant, work, data)
    benchmark.extra_info["difference"] = {"rows_apart": int((found != syndr_nearest(references, candidates)).sum())}


@contestants(
    Contestant("syndr.DDCUp", ddcup, ours=True),
    Contestant("released code's steps (scipy)", released_selection, rounds=3),
)
def test_selection(benchmark: Any, size: Size, small_data: Data, contestant: Contestant) -> None:
    references, candidates = (np.load(path) for path in small_data)
    work = f"DDCUp, {len(candidates):,} candidates, {REFERENCES} references"
    found = compete(benchmark, size, contestant, work, small_data)
    benchmark.extra_info["difference"] = {"rows_apart": len(np.setxor1d(found, ddcup(references, candidates)))}
