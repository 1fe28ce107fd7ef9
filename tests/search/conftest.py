from __future__ import annotations

import pytest

from syndr import _native
from syndr.search import BACKENDS, get_search


@pytest.fixture(params=sorted(BACKENDS))
def search(request):
    if request.param == "faiss":
        pytest.importorskip("faiss", reason="the extra faiss is not installed")
    if request.param == "cuda":
        pytest.importorskip("torch", reason="the extra torch is not installed")
        from syndr.search.cuda import CudaSearch

        return CudaSearch(device="cpu")  # the same steps in plain torch; tests/search/cuda has more
    return get_search(request.param)


@pytest.fixture(params=_native.kernels())
def kernel(request, monkeypatch):
    monkeypatch.setenv("SYNDR_KERNEL", request.param)
    return request.param
