"""The search backends by what they promise, and making one where its package is installed."""

from __future__ import annotations

import pytest

from syndr.search import BACKENDS, get_search

EXACT = sorted(name for name in BACKENDS if BACKENDS[name].exact)
INEXACT = sorted(set(BACKENDS) - set(EXACT))


def make(name):
    if name.startswith("faiss"):
        pytest.importorskip("faiss", reason="the extra faiss is not installed")
    if name == "cuda":
        pytest.importorskip("torch", reason="the extra torch is not installed")
        from syndr.search.cuda import CudaSearch

        return CudaSearch(device="cpu")  # the same steps in plain torch; search/test_cuda*.py have more
    return get_search(name)
