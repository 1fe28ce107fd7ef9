"""The search backends by what they promise, and making one where its package is installed."""

from __future__ import annotations

import pytest

from syndr.search import BACKENDS, get_search

INEXACT = ["faiss-hnsw", "faiss-ivf"]
EXACT = sorted(set(BACKENDS) - set(INEXACT))


def make(name):
    """Give a backend by name; one whose package is not installed skips the test, CUDA's runs on the CPU."""
    if name.startswith("faiss"):
        pytest.importorskip("faiss", reason="the extra faiss is not installed")
    if name == "cuda":
        pytest.importorskip("torch", reason="the extra torch is not installed")
        from syndr.search.cuda import CudaSearch

        return CudaSearch(device="cpu")  # the same steps in plain torch; search/test_cuda*.py have more
    if name == "ray":
        pytest.importorskip("ray", reason="the extra ray is not installed")
        from syndr.search.ray import RaySearch

        return RaySearch(block_rows=70)  # so that few rows make several blocks; one cluster for the whole session
    return get_search(name)
