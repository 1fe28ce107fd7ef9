"""DRCDown: clusters, both keep rules, a draw that depends on seed, epoch and ids alone, and results that explain."""

from __future__ import annotations

import backends
import feature_cases
import numpy as np
import pytest
from feature_cases import GAP, RADIUS
from oracle import drcdown, similarity
from shared_data import shared

import syndr.downsample
from syndr import DRCDown
from syndr.downsample import kept_sizes
from syndr.errors import BadRowsError, InputError
from syndr.search import ExactSearch


def clusters_of(sizes, rng):
    """Rows in tight clusters of these sizes, shuffled; gives features and the cluster each row was made for."""
    directions = np.linalg.qr(rng.normal(size=(len(sizes) + 2, len(sizes) + 2)))[0]
    made_for = np.repeat(np.arange(len(sizes)), sizes)
    X = directions[made_for] + 1e-3 * rng.normal(size=(len(made_for), len(sizes) + 2))
    order = rng.permutation(len(X))
    return X[order].astype(np.float32), made_for[order]


@pytest.mark.parametrize("least", [1, 2, 7, 20])
@pytest.mark.parametrize("rule", ["released", "paper"])
def test_sizes_kept(rule, least):
    oracle = {"released": drcdown.size_kept_released, "paper": drcdown.size_kept_paper}[rule]
    sizes = np.arange(1, 101)
    assert kept_sizes(sizes, rule, least).tolist() == [oracle(int(size), least) for size in sizes]


def test_sizes_kept_as_the_facts_list_them():
    sizes = [20, 21, 30, 40, 41, 42, 60, 100]
    assert kept_sizes(sizes, "released").tolist() == [20, 20, 20, 20, 20, 21, 30, 50]
    assert kept_sizes(sizes, "paper").tolist() == [20, 21, 30, 40, 20, 21, 30, 50]


@pytest.mark.parametrize("rule", ["released", "paper"])
def test_every_cluster_size_to_a_hundred(rule, rng):
    X, made_for = clusters_of(range(1, 101), rng)
    ids = [f"image_{n}.png" for n in rng.permutation(len(X))]
    result = DRCDown(rule=rule, random_state=3).fit(X, ids=ids, epoch=5).result_
    assert similarity.partition(result.labels) == similarity.partition(made_for)
    assert result.kept.tolist() == drcdown.keep(result.labels, ids, rule, 20, 3, 5)
    kept_of = np.bincount(made_for[result.kept], minlength=100)
    oracle = {"released": drcdown.size_kept_released, "paper": drcdown.size_kept_paper}[rule]
    assert kept_of.tolist() == [oracle(size, 20) for size in range(1, 101)]
    np.testing.assert_array_equal(np.sort(np.r_[result.kept, result.dropped]), np.arange(len(X)))


@pytest.mark.parametrize("rule", ["released", "paper"])
def test_real_features(rule):
    data = np.load(shared("data/kadid_like_features_f16.npz"))
    result = DRCDown(rule=rule).fit(data["features"], data["quality"]).result_
    assert len(result.dropped) == 4141
    assert len(result.kept) == 10125 - 4141


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", ["clustered", "chained", "identical", "duplicates", "at_the_radius"])
def test_result_equals_the_oracle(name, dtype):
    X, y = feature_cases.make(name, dtype)
    ids = [f"{name}/{n:03d}" for n in range(len(X))]
    fitted = DRCDown(RADIUS, GAP, min_keep=3, random_state=11).fit(X, y, ids, epoch=2)
    distances = similarity.matrix(X)
    assert fitted.sample_indices_.tolist() == drcdown.keep(fitted.labels_, ids, "released", 3, 11, 2)
    result = fitted.result_
    assert result.sizes.sum() == len(X)
    assert result.sizes_kept.sum() == len(result.kept)
    for cluster, size in enumerate(result.sizes):
        inside = np.flatnonzero(result.labels == cluster)
        assert len(inside) == size
        assert result.label_span[cluster] == y[inside].max() - y[inside].min()
        assert result.largest_distance[cluster] == pytest.approx(distances[np.ix_(inside, inside)].max(), abs=1e-6)


def test_a_chain_is_seen_in_its_largest_distance():
    X, _ = feature_cases.make("chained")
    result = DRCDown(RADIUS).fit(X).result_
    assert result.sizes.tolist() == [150]
    assert result.largest_distance[0] > 1.9
    assert np.isnan(result.label_span[0])


def test_large_clusters_are_left_unmeasured_unless_asked_for(rng):
    X = np.repeat(rng.normal(size=(4, 8)), [30, 1, 12, 2], axis=0) + rng.normal(scale=1e-3, size=(45, 8))
    result = DRCDown().fit(X).result_
    assert result.sizes.tolist() == [30, 1, 12, 2]
    some = result.inner_distances(most=12)
    assert np.isnan(some[0])
    assert some[1:] == pytest.approx(result.largest_distance[1:])
    assert some[1] == 0
    assert result.inner_distances().tolist() == result.largest_distance.tolist()
    assert np.isnan(result.inner_distances(most=1)).tolist() == [True, False, True, True]


@pytest.mark.parametrize("backend", backends.EXACT)
def test_same_bytes_for_any_backend_thread_count_and_row_order(backend, rng):
    X, y = feature_cases.make("clustered", np.float32)
    ids = np.array([f"I{n:04d}.png" for n in range(len(X))])
    expected = DRCDown(min_keep=5, random_state=1).fit(X, y, ids.tolist(), epoch=4)
    kept, parts = set(ids[expected.sample_indices_]), similarity.partition(expected.labels_)
    assert 0 < len(kept) < len(X)
    for threads in (1, 2, 3, 4):
        order = rng.permutation(len(X))
        search = ExactSearch(threads) if backend == "exact" else backends.make(backend)
        again = DRCDown(min_keep=5, random_state=1, search=search).fit(X[order], y[order], ids[order].tolist(), epoch=4)
        assert set(ids[order][again.sample_indices_]) == kept
        back = np.empty_like(order)
        back[order] = again.labels_
        assert similarity.partition(back) == parts
        same_order = DRCDown(min_keep=5, random_state=1, search=search).fit(X, y, ids.tolist(), epoch=4)
        assert same_order.labels_.tobytes() == expected.labels_.tobytes()
        assert same_order.sample_indices_.tobytes() == expected.sample_indices_.tobytes()


def test_epochs_and_seeds_draw_anew_and_ids_are_what_counts(rng):
    X, _ = clusters_of([400], rng)
    ids = [f"a{n}" for n in range(400)]

    def kept(seed=0, epoch=0, ids=ids):
        return set(DRCDown(random_state=seed).fit(X, ids=ids, epoch=epoch).sample_indices_.tolist())

    first = kept()
    assert len(first) == 200
    for other in (kept(epoch=1), kept(seed=1), kept(ids=[f"b{n}" for n in range(400)])):
        assert 60 < len(first & other) < 140  # as a new random half would
    assert kept() == first
    assert kept(seed=np.int64(0)) == first
    assert kept(ids=None) == kept(ids=[str(n) for n in range(400)])


def test_equal_hashes_fall_back_to_the_ids(monkeypatch, rng):
    X, made_for = clusters_of([30, 50, 3], rng)
    ids = [f"{n:02d}" for n in rng.permutation(len(X))]
    monkeypatch.setattr(
        syndr.downsample, "hash_ids", lambda ids, *seed: np.array([int(text) % 3 for text in ids], dtype=np.uint64)
    )
    kept = DRCDown(min_keep=4).fit(X, ids=ids).sample_indices_
    expected = []
    for cluster, size in enumerate([30, 50, 3]):
        rows = [row for row in range(len(X)) if made_for[row] == cluster]
        expected += sorted(rows, key=lambda row: (int(ids[row]) % 3, ids[row]))[: size // 2 if size > 4 else size]
    assert kept.tolist() == sorted(expected)


def test_fit_resample_gives_what_it_was_given(rng):
    torch = pytest.importorskip("torch")
    X, _ = clusters_of([50, 3], rng)
    y = np.linspace(0, 0.5, len(X))
    thinner = DRCDown()
    kept_X, kept_y = thinner.fit_resample(X, y)
    np.testing.assert_array_equal(kept_X, X[thinner.sample_indices_])
    np.testing.assert_array_equal(kept_y, y[thinner.sample_indices_])
    tensor, nothing = DRCDown().fit_resample(torch.from_numpy(X))
    assert nothing is None
    np.testing.assert_array_equal(tensor.numpy(), kept_X)
    np.testing.assert_array_equal(DRCDown().fit_resample(X.tolist())[0], kept_X)


def test_bad_rows():
    X = np.ones((30, 4), dtype=np.float32)
    X[2], X[4, 0] = 0, np.nan
    ids = [f"img{row}" for row in range(30)]
    with pytest.raises(BadRowsError, match=r"X: 2 of 30 rows .* img2 \(zero norm\), img4"):
        DRCDown().fit(X, ids=ids)
    result = DRCDown(on_bad_rows="set_aside").fit(X, y=np.ones(30), ids=ids).result_
    assert result.set_aside.tolist() == [2, 4]
    assert result.labels[[2, 4]].tolist() == [-1, -1]
    assert (len(result.kept), len(result.dropped)) == (20, 8)
    assert not np.isin([2, 4], np.r_[result.kept, result.dropped]).any()
    assert "set aside" in result.explain(4)
    assert "2 set aside" in repr(result)


@pytest.mark.parametrize("backend", [*backends.EXACT, *backends.INEXACT])
def test_nothing_but_bad_rows(backend):
    fitted = DRCDown(on_bad_rows="set_aside", search=backends.make(backend)).fit(np.zeros((3, 2)))
    assert fitted.labels_.tolist() == [-1] * 3
    assert len(fitted.sample_indices_) == len(fitted.result_.sizes) == len(fitted.result_.largest_distance) == 0


X5 = np.eye(5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: DRCDown().fit(X5[:0]), "X has no rows: there is nothing to thin"),
        (lambda: DRCDown().fit(X5, y=[1, 2]), r"y must have one entry for each of the 5 rows, not shape \(2,\)"),
        (lambda: DRCDown().fit(X5, y=[1, 2, np.nan, 4, 5]), r"y: 1 labels are NaN or infinite, first rows \[2\]"),
        (lambda: DRCDown().fit(X5, ids=["a"]), "ids must have one entry for each of the 5 rows, not 1"),
        (lambda: DRCDown().fit(np.zeros((5, 2)), ids=["a"]), "ids must have one entry for each of the 5 rows, not 1"),
        (lambda: DRCDown().fit(X5, ids=list("aabcd")), r"ids must be unique; 1 occur again, first \['a'\]"),
        (lambda: DRCDown(distance=0), r"distance must lie in \(0, 2\], not 0"),
        (lambda: DRCDown(distance=float("nan")), "distance must lie in"),
        (lambda: DRCDown(label_gap=0), "label_gap must be positive, not 0"),
        (lambda: DRCDown(min_keep=0), "min_keep must be at least 1, not 0"),
        (lambda: DRCDown(rule="authors"), 'rule must be "released" or "paper", not \'authors\''),
        (lambda: DRCDown(random_state=None), "random_state must be an integer, not None"),
        (lambda: DRCDown(on_bad_rows="drop").fit(X5), 'on_bad_rows must be "raise" or "set_aside"'),
        (lambda: DRCDown(search="annoy").fit(X5), "no search backend 'annoy'"),
        (lambda: DRCDown().fit(X5).result_.explain(5), "there is no row 5; rows are numbered 0 to 4"),
        (lambda: DRCDown().fit(X5).result_.explain(-1), "there is no row -1"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_explanations(rng):
    X, made_for = clusters_of([40, 2], rng)
    result = DRCDown().fit(X).result_
    big = result.labels[made_for == 0][0]
    assert result.explain(result.dropped[0]) == (
        f"row {result.dropped[0]} was dropped: its cluster {big} has 40 members joined by distances under 0.1, "
        "and 20 of them were drawn to stay"
    )
    kept_of_big = [row for row in result.kept if result.labels[row] == big]
    assert f"row {kept_of_big[0]} was kept: its cluster {big} has 40 members" in result.explain(kept_of_big[0])
    small = np.flatnonzero(made_for == 1)[0]
    assert "of 2 is not redundant enough to be thinned" in result.explain(small)
    assert repr(result) == "Thinning(42 rows in 2 clusters: 22 kept, 20 dropped from 1 clusters, 0 set aside)"


def test_single_row_and_unlike_rows():
    assert DRCDown().fit(np.ones((1, 3))).labels_.tolist() == [0]
    assert DRCDown(min_keep=1).fit(X5).sample_indices_.tolist() == [0, 1, 2, 3, 4]
