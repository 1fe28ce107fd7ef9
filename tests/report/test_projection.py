"""Features in the plane."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from syndr.errors import InputError, MissingExtraError
from syndr.report import project
from syndr.report.projection import FEWEST_FOR_UMAP


def rows(count, dims, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dims)) + 1.0


@pytest.mark.parametrize("shape", [(40, 6), (6, 40), (5, 5), (1, 3), (2, 3), (7, 1)])
def test_pca_gives_the_principal_components_of_the_unit_rows(shape):
    X = rows(*shape)
    found = project(X.astype(np.float32), "pca")
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    U, s, _ = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
    expected = np.zeros((shape[0], 2))
    expected[:, : min(2, len(s))] = (U * s)[:, :2]
    assert found.method == "PCA"
    assert np.abs(found.xy) == pytest.approx(np.abs(expected), abs=2e-5)
    share = (s[:2] ** 2).sum() / (s**2).sum() if s.sum() > 1e-9 else 1.0
    assert f"{100 * share:.0f}% of the variance" in found.note


def test_pca_knows_no_sign_and_no_scale_of_a_row():
    X = rows(30, 5)
    scaled = X * np.random.default_rng(1).uniform(0.1, 50, (30, 1))
    assert project(scaled, "pca").xy == pytest.approx(project(X, "pca").xy, abs=1e-5)


def test_without_umap_it_is_pca_and_says_so(monkeypatch):
    monkeypatch.setattr("syndr.report.projection.find_spec", lambda name: None)
    found = project(rows(50, 6))
    assert found.method == "PCA"
    assert "not UMAP, because umap-learn is not installed (pip install 'syndr[umap]')" in found.note
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingExtraError, match=r"syndr\[umap\]"):
        project(rows(50, 6), "umap")


def test_few_points_are_placed_by_pca_and_that_is_said():
    found = project(rows(FEWEST_FOR_UMAP - 1, 6))
    assert found.method == "PCA"
    assert "too few for UMAP" in found.note
    with pytest.raises(InputError, match=f"at least {FEWEST_FOR_UMAP} rows"):
        project(rows(FEWEST_FOR_UMAP - 1, 6), "umap")


@pytest.mark.parametrize(
    ("features", "method", "said"),
    [
        (np.ones((0, 3)), "auto", "no rows"),
        (np.array([[1.0, 0.0], [0.0, 0.0]]), "pca", r"no direction, first rows \[1\]"),
        (np.array([[1.0, np.nan]]), "pca", "no direction"),
        (np.ones((3, 2)), "tsne", "method must be"),
    ],
)
def test_what_cannot_be_placed_is_refused(features, method, said):
    with pytest.raises(InputError, match=said):
        project(features, method)


def test_umap_leaves_torch_s_threads_as_they_were(monkeypatch):
    torch = pytest.importorskip("torch")
    umap = pytest.importorskip("umap")
    before = torch.get_num_threads()

    class BeginsThreads:
        def __init__(self, **settings):
            pass

        def fit_transform(self, unit):
            torch.set_num_threads(before + 3)  # as numba's first use does
            return unit[:, :2]

    monkeypatch.setattr(umap, "UMAP", BeginsThreads)
    assert project(rows(50, 6), "umap").method == "UMAP"
    assert torch.get_num_threads() == before


@pytest.mark.slow
def test_umap_keeps_clusters_apart_and_repeats_itself():
    pytest.importorskip("umap")
    centres = np.eye(3, 10) * 5
    X = np.repeat(centres, 15, axis=0) + rows(45, 10) * 0.1
    found = project(X, seed=3)
    assert found.method == "UMAP"
    assert "seed 3" in found.note
    middle = found.xy.reshape(3, 15, 2).mean(axis=1)
    nearest = np.linalg.norm(found.xy[:, None] - middle, axis=2).argmin(axis=1)
    assert nearest.tolist() == np.repeat(range(3), 15).tolist()
    assert np.array_equal(project(X, seed=3).xy, found.xy)
