"""The FAISS backends alone: GPUs, tuning, recall, reports."""

from __future__ import annotations

import feature_cases
import numpy as np
import pytest
from feature_cases import CASES, GAP, RADIUS
from oracle import similarity

from syndr.errors import InputError, SyndrError
from syndr.progress import silent
from syndr.search import ExactSearch, FaissFlatSearch, FaissHnswSearch, FaissIvfSearch, LabelGap, split_rows
from syndr.search.faiss import base, index, ivf, neighbours
from syndr.search.faiss.join import components

faiss = pytest.importorskip("faiss", reason="the extra faiss is not installed")


def rows_of(X):
    return split_rows(X, "X", "raise")[0]


def clusters(rng, rows=2000, spread=0.3, dims=40):
    X = rng.normal(size=(rows // 25, dims))[rng.integers(rows // 25, size=rows)]
    return rows_of((X + spread * rng.normal(size=X.shape)).astype(np.float32))


class OnGpu:
    """What a GPU index is like: lists of at most 2,048 neighbours, no range search; ``off`` spoils its scores."""

    def __init__(self, host, off=0.0):
        self.host = faiss.clone_index(host)
        self.off = off
        self.asked = 0

    def search(self, queries, k):
        assert k <= index.GPU_LONGEST
        self.asked += len(queries)
        scores, ids = self.host.search(queries, k)
        return scores + np.float32(self.off), ids


@pytest.fixture
def small_limits(monkeypatch):
    """Blocks, lists and the GPU's limit so small that a few hundred rows cross all of them."""
    monkeypatch.setattr(base, "_BLOCK", 64)
    monkeypatch.setattr(base, "_HITS", 500)
    monkeypatch.setattr(neighbours, "_BLOCK", 64)
    monkeypatch.setattr(index, "_ROWS", 50)
    monkeypatch.setattr(index, "_ENTRIES", 300)
    monkeypatch.setattr(index, "_FIRST", 2)
    for module in (index, ivf):
        monkeypatch.setattr(module, "GPU_LONGEST", 37)


@pytest.mark.parametrize("to_gpu", [None, OnGpu], ids=["cpu", "gpu"])
@pytest.mark.parametrize("name", CASES)
def test_blocks_and_lists_of_any_size_give_every_pair(small_limits, name, to_gpu):
    X, y = feature_cases.make(name, np.float32)
    rows, limit = rows_of(X), LabelGap(y, GAP)
    for gap in (limit, None):
        found, expected = (search.pairs(rows, RADIUS, gap) for search in (FaissFlatSearch(to_gpu), ExactSearch()))
        for part in ("i", "j", "distance"):
            assert getattr(found, part).tobytes() == getattr(expected, part).tobytes()
        joined = FaissFlatSearch(to_gpu).components(rows, RADIUS, gap)
        np.testing.assert_array_equal(joined, ExactSearch().components(rows, RADIUS, gap))


@pytest.mark.parametrize("to_gpu", [None, OnGpu], ids=["cpu", "gpu"])
@pytest.mark.parametrize("k", [1, 5, 50])
@pytest.mark.parametrize("name", ["clustered", "identical", "duplicates"])
def test_neighbours_beyond_the_first_lists(small_limits, name, k, to_gpu, rng):
    X, _ = feature_cases.make(name)
    rows, groups = rows_of(X), rng.integers(4, size=len(X))
    found, expected = (
        search.nearest(rows, rows, k, groups, groups) for search in (FaissFlatSearch(to_gpu), ExactSearch())
    )
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_array_equal(found[0], expected[0])


@pytest.mark.parametrize("to_gpu", [None, OnGpu], ids=["cpu", "gpu"])
def test_looking_into_every_list_finds_every_pair(small_limits, to_gpu, rng):
    rows = clusters(rng, 400)
    search = FaissIvfSearch(nlist=9, nprobe=9, to_gpu=to_gpu)
    found, expected = search.pairs(rows, RADIUS), ExactSearch().pairs(rows, RADIUS)
    assert found.distance.tobytes() == expected.distance.tobytes()
    assert search.report["recall"].estimate == 1
    assert search.nearest(rows, rows, 3)[1].tobytes() == ExactSearch().nearest(rows, rows, 3)[1].tobytes()


def test_an_index_goes_to_gpus_where_faiss_sees_some(monkeypatch, rng):
    rows, moved = clusters(rng, 200), []
    monkeypatch.setattr(faiss, "StandardGpuResources", object, raising=False)
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 2)
    monkeypatch.setattr(faiss, "index_cpu_to_all_gpus", lambda host: moved.append(OnGpu(host)) or moved[-1])
    for search in (FaissFlatSearch(), FaissIvfSearch()):
        search.components(rows, RADIUS)
        assert search.report["device"] == "gpu"
        assert moved[-1].asked >= len(rows)
    for search in (FaissFlatSearch(None), FaissHnswSearch()):  # HNSW is for the CPU alone
        search.components(rows, RADIUS)
        assert search.report["device"] == "cpu"
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 0)
    search = FaissFlatSearch()
    search.components(rows, RADIUS)
    assert search.report["device"] == "cpu"
    assert len(moved) == 2


def test_an_index_with_too_many_probes_stays_on_the_cpu(small_limits, rng):
    rows = clusters(rng, 400)
    for nprobe, device in ((37, "gpu"), (38, "cpu")):
        search = FaissIvfSearch(nlist=40, nprobe=nprobe, to_gpu=OnGpu)
        search.pairs(rows, RADIUS)
        assert search.report["device"] == device


def test_products_less_exact_than_float32_are_found_out(rng):
    rows = clusters(rng, 300)
    search = FaissFlatSearch(lambda host: OnGpu(host, off=3e-4))  # as TF32 would be
    with pytest.raises(SyndrError, match="off by 0.0003, more than float32 allows .* turn off TF32 .*to_gpu=None"):
        search.pairs(rows, RADIUS)
    with pytest.raises(SyndrError, match="off by 0.0003"):
        search.nearest(rows, rows)


def test_the_fewest_lists_that_reach_the_target_are_looked_into(rng):
    rows = clusters(rng, spread=0.6, dims=6)
    true = len(ExactSearch().pairs(rows, RADIUS))
    probes, shares = [], []
    for target in (0.5, 0.9, 1.0):
        search = FaissIvfSearch(nlist=50, target_recall=target, recall_rows=len(rows.features))
        shares.append(len(search.pairs(rows, RADIUS)) / true)
        probes.append(search.report["parameters"]["nprobe"])
        # A pair is found from either end, tuning asks from one: the run does at least as well as the sample did.
        assert shares[-1] >= target == search.report["target_recall"]
        assert search.report["recall"].estimate == pytest.approx(shares[-1])  # all rows were sampled
    assert probes == sorted(probes)
    assert 1 < probes[1] < probes[2] < 50
    # One list less misses the target.
    whole = FaissIvfSearch(nlist=50)._filled(rows, silent)
    whole.host.nprobe = probes[1] - 1
    query, row, _ = whole.within(index.unit_rows(rows, np.arange(len(rows))), 1 - RADIUS)
    assert (query != row).sum() < 0.9 * 2 * true


def test_a_graph_is_searched_harder_for_a_higher_target(rng):
    rows = clusters(rng, spread=0.45)
    efforts = []
    for target in (0.3, 1.0):
        search = FaissHnswSearch(links=4, ef_construction=8, target_recall=target)
        search.nearest(rows, rows, 10)
        efforts.append(search.report["parameters"]["ef_search"])
        assert search.report["recall"].estimate > 0.9 * target
    assert efforts[0] < efforts[1]


def test_without_a_true_pair_in_the_sample_all_is_searched_and_recall_is_unknown():
    search = FaissIvfSearch(nlist=5)
    assert len(search.pairs(rows_of(np.eye(40)), 0.5)) == 0
    assert search.report["parameters"] == {"nlist": 5, "nprobe": 5}
    assert search.report["recall"].estimate is None
    assert str(search.report["recall"]) == "unknown: the 40 rows sampled have no true pair"


@pytest.mark.parametrize("make", [FaissFlatSearch, FaissIvfSearch, FaissHnswSearch])
def test_a_report_of_each_call(make, rng):
    rows, search = clusters(rng, 300), make()
    assert search.report == {}
    pairs = search.pairs(rows, RADIUS)
    first = search.report
    assert first["backend"] == search.name
    assert (first["operation"], first["rows"], first["device"]) == ("pairs", 300, "cpu")
    assert first["pairs"] == len(pairs)
    assert first["candidates"] >= len(pairs)
    assert {"index", "search", "check"} <= set(first["seconds"])
    assert all(seconds >= 0 for seconds in first["seconds"].values())
    assert ("recall" in first) == (not search.exact)
    search.nearest(rows, rows, 2)
    assert search.report["operation"] == "nearest"
    assert first["operation"] == "pairs"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FaissIvfSearch(nlist=0), "nlist must be at least 1, not 0"),
        (lambda: FaissIvfSearch(nprobe=-1), "nprobe must be at least 1, not -1"),
        (lambda: FaissIvfSearch(target_recall=1.5), r"target_recall must lie in \(0, 1\], not 1.5"),
        (lambda: FaissIvfSearch(recall_rows=0), "recall_rows must be at least 1, not 0"),
        (lambda: FaissIvfSearch(seed=-1), "seed must be at least 0, not -1"),
        (lambda: FaissHnswSearch(links=1), "links must be at least 2, not 1"),
        (lambda: FaissHnswSearch(ef_search=0), "ef_search must be at least 1, not 0"),
        (lambda: FaissHnswSearch(ef_construction=0), "ef_construction must be at least 1, not 0"),
        (
            lambda: FaissIvfSearch(nlist=4).pairs(rows_of(np.eye(3)), 0.1),
            "nlist must be at most the number of rows, 3, not 4",
        ),
    ],
)
def test_errors(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_components_joined_in_stretches(monkeypatch, rng):
    monkeypatch.setattr("syndr.search.faiss.join._EDGES", 1)
    edges = rng.integers(40, size=(30, 2))
    blocks = [(part[:, 0], part[:, 1]) for part in np.array_split(edges, 7)]
    expected = similarity.components(40, {(int(i), int(j)) for i, j in edges})
    np.testing.assert_array_equal(components(40, blocks), expected)
    monkeypatch.setattr("syndr.search.faiss.join._EDGES", 1000)
    np.testing.assert_array_equal(components(40, iter(blocks)), expected)
    assert components(3, []).tolist() == [0, 1, 2]
    assert components(0, []).tolist() == []
