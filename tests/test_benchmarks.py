"""The tools that the benchmarks stand on: their data, how they compare results, and the table."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import syndr

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the benchmarks are not installed
from benchmarks import machine, table
from benchmarks.generator import PER_REFERENCE, KadidLike, measure
from benchmarks.joins import (
    GAP,
    RADIUS,
    faiss_hnsw,
    faiss_ivf,
    faiss_range_search,
    scipy_pdist,
    sklearn_radius_neighbors,
)
from benchmarks.partitions import difference, refines, rows_apart
from benchmarks.windows import with_windows


@pytest.fixture(scope="module")
def kadid_like():
    generator = KadidLike()
    return generator, *generator.samples(3000)


def test_statistics_are_as_the_design_says(kadid_like):
    generator, features, labels = kadid_like
    assert features.dtype == np.float32 and features.shape == (3000, 2048) and features.min() == 0
    assert labels.min() >= 0 and labels.max() <= 10
    found = measure(generator, features, labels)
    # Within one reference the share below the radius does not depend on the number of references.
    inside = found.below_radius * (3000 - 1) / (PER_REFERENCE - 1)
    assert 0.4 < inside < 0.5
    assert 0.26 < found.within_gap < 0.30
    assert found.edges < found.below_radius


def test_references_are_as_far_apart_as_the_design_says():
    unit = KadidLike().references(81).astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    distances = (1 - unit @ unit.T)[np.triu_indices(81, 1)]
    low, middle, high = distances.min(), np.median(distances), distances.max()
    assert low == pytest.approx(0.43, abs=0.03)
    assert middle == pytest.approx(0.62, abs=0.02)
    assert high == pytest.approx(0.73, abs=0.04)


def test_a_smaller_set_is_the_beginning_of_a_larger_one(kadid_like, tmp_path):
    _, features, labels = kadid_like
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (301, 2048))
    quality = np.empty(301)
    KadidLike().write(mapped, quality)
    assert np.array_equal(mapped, features[:301]) and np.array_equal(quality, labels[:301])
    assert not np.array_equal(KadidLike(seed=1).samples(301)[0], features[:301])


def test_shares_equal_a_direct_count():
    generator = KadidLike(dims=64)
    features, labels = generator.samples(400)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    upper = np.triu_indices(400, 1)
    near = (1 - unit @ unit.T)[upper] < 0.1
    close = np.abs(labels[:, None] - labels)[upper] < 1
    found = measure(generator, features, labels)
    assert found.queries == 400
    assert found.below_radius == pytest.approx(near.mean(), rel=1e-3)
    assert found.within_gap == pytest.approx(close.mean())
    assert found.edges == pytest.approx((near & close).mean(), rel=1e-3)


def true_components(features, labels):
    unit = features / np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    joined = (1 - unit @ unit.T < RADIUS) & (np.abs(labels[:, None] - labels) < GAP)
    components = np.arange(len(labels))
    while True:  # each row takes the lowest number among its neighbours until nothing changes
        lowest = np.where(joined, components, len(labels)).min(axis=1)
        if np.array_equal(lowest, components):
            return components
        components = lowest


@pytest.mark.parametrize("peer", [scipy_pdist, faiss_range_search, sklearn_radius_neighbors])
def test_peers_give_the_exact_components(peer, kadid_like):
    if peer is not scipy_pdist:
        pytest.importorskip("faiss" if peer is faiss_range_search else "sklearn")
    _, features, labels = kadid_like
    features, labels = features[:1000], labels[:1000]
    assert rows_apart(true_components(features, labels), peer(features, labels)) == 0


@pytest.mark.parametrize(
    ("peer", "parameters", "most_apart"),
    [(faiss_ivf, [20, 20], 0), (faiss_ivf, [20, 1], 300), (faiss_hnsw, [32, 64, 128], 30)],
)
def test_peers_that_may_miss_pairs_join_no_others(peer, parameters, most_apart, kadid_like):
    pytest.importorskip("faiss")
    _, features, labels = kadid_like
    features, labels = features[:1000], labels[:1000]
    found, expected = peer(features, labels, np.array(parameters)), true_components(features, labels)
    assert refines(found, expected)
    assert rows_apart(expected, found) <= most_apart


def test_partitions_are_compared_as_sets_of_rows():
    assert rows_apart(np.array([0, 0, 1, 2]), np.array([5, 5, 3, 9])) == 0
    assert rows_apart(np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1])) == 2
    assert rows_apart(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])) == 4
    assert refines(np.array([0, 1, 2, 2]), np.array([0, 0, 1, 1]))
    assert not refines(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2]))


def test_a_difference_is_explained_by_nearness_to_the_radius_or_not_at_all():
    angles = np.arccos(1 - (0.1 + np.array([-2e-7, 2e-7, 0.05])))  # cosine distances between neighbours
    at = np.concatenate([[0], np.cumsum(angles)])
    features, labels = np.stack([np.cos(at), np.sin(at)], axis=1), np.zeros(4)
    exact = np.array([0, 0, 1, 2])
    assert difference(features, labels, exact, exact, 0.1, 1.0) == {"rows_apart": 0}
    nearly = difference(features, labels, exact, np.array([0, 1, 1, 2]), 0.1, 1.0)
    assert nearly == {"rows_apart": 3, "explained_by": 3e-7, "pairs_within": 2}
    wrong = difference(features, labels, exact, np.array([0, 0, 1, 1]), 0.1, 1.0)
    assert wrong["explained_by"] is None


def entry(name, ours, seconds, added):
    stats = {"median": seconds, "q1": seconds * 0.9, "q3": seconds * 1.1}
    extra = {"contestant": name, "ours": ours, "items": None, "cpu_seconds": 2 * seconds}
    extra["rss_anon"] = {"peak_mib": 100 + added, "added_mib": added}
    return {"group": "work", "stats": stats, "extra_info": extra}


def test_the_table_names_who_wins_and_who_is_absent(tmp_path):
    machine = {
        "date": "2025-01-01T00:00:00+00:00", "cpu": "a CPU", "cores": 2, "memory_gib": 8.0, "gpus": [],
        "kernel": "portable", "load_average": 0.1, "versions": {"python": "3.12"},
    }  # fmt: skip
    result = {
        "machine_info": machine, "commit_info": {"id": "abc", "dirty": False}, "quick": False,
        "remarks": ["Some data."], "absent": [{"name": "components: FAISS", "reason": "faiss is not installed"}],
        "benchmarks": [
            entry("syndr", True, 1.0, 50), entry("slow", False, 10.0, 80), entry("fast", False, 0.5, 40),
        ],
    }  # fmt: skip
    (tmp_path / "suite.json").write_text(json.dumps(result))
    page = tmp_path / "README.md"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.publish(page, [tmp_path / "suite.json"])
    text = page.read_text()
    assert text.startswith("before") and text.endswith("after\n") and "old" not in text
    assert "| slow | 10 s | 9 s - 11 s | 20 s |  | 10 (8.18 - 12.2) | 180 MiB (80) |" in text
    assert "**0.5 (0.409 - 0.611)**" in text
    assert "Where a peer wins: fast is faster (work); fast needs less memory (work)." in text
    assert "Not measured (faiss is not installed): components: FAISS." in text
    page.write_text("no markers")
    with pytest.raises(ValueError, match="markers"):
        table.publish(page, [])


def test_a_commit_is_that_of_the_package_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    monkeypatch.setenv("SYNDR_COMMIT", "abc")
    shutil.copytree(Path(syndr.__file__).parent, tmp_path / "syndr")
    assert machine.commit() == {"id": "abc", "dirty": None}
    (tmp_path / "syndr" / "rng.py").write_text("changed = True")
    with pytest.raises(RuntimeError, match=r"rng\.py and 0 more files differ; pip install \. first"):
        machine.commit()


def test_windows_follow_the_whole_and_are_drawn_by_name(rng):
    picture = torch.from_numpy(rng.integers(0, 256, (3, 600, 900), dtype=np.uint8))
    found, again, other = (with_windows(name, picture, 4).windows for name in ("one", "one", "other"))
    assert [tuple(window.shape) for window in found] == [(3, 384, 512)] * 5
    assert all(torch.equal(one, two) for one, two in zip(found, again, strict=True))
    assert [torch.equal(one, two) for one, two in zip(found, other, strict=True)] == [True, False, False, False, False]


def test_a_window_of_a_small_picture_is_all_of_it_and_flat_ones_are_left_out(rng):
    small = torch.from_numpy(rng.integers(0, 256, (3, 384, 512), dtype=np.uint8))
    whole, window = with_windows("small", small, 1).windows
    assert torch.equal(whole, window)
    dotted = torch.zeros(3, 768, 1024, dtype=torch.uint8)
    dotted[:, :20, :20] = 255
    assert 1 <= len(with_windows("dotted", dotted, 20).windows) < 21
