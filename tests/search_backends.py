"""Every search backend as a test can run it here."""

from __future__ import annotations

import pytest

from syndr.search import get_search


def backend(name):
    """Give a backend by name; one whose package is not installed skips the test, CUDA's runs on the CPU."""
    if name == "faiss":
        pytest.importorskip("faiss", reason="the extra faiss is not installed")
    if name == "cuda":
        pytest.importorskip("torch", reason="the extra torch is not installed")
        from syndr.search.cuda import CudaSearch

        return CudaSearch(device="cpu")  # the same steps in plain torch; search/test_cuda*.py have more
    return get_search(name)
