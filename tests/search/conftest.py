from __future__ import annotations

import pytest

from syndr import _native
from syndr.search import BACKENDS, get_search

EXACT = sorted(name for name in BACKENDS if BACKENDS[name].exact)
INEXACT = sorted(set(BACKENDS) - set(EXACT))


def backend(name):
    if name.startswith("faiss"):
        pytest.importorskip("faiss", reason="the extra faiss is not installed")
    return get_search(name)


@pytest.fixture(params=[*EXACT, "auto"])
def exact(request):
    return backend(request.param)


@pytest.fixture(params=INEXACT)
def inexact(request):
    return backend(request.param)


@pytest.fixture(params=[*EXACT, *INEXACT])
def search(request):
    return backend(request.param)


@pytest.fixture(params=_native.kernels())
def kernel(request, monkeypatch):
    monkeypatch.setenv("SYNDR_KERNEL", request.param)
    return request.param
