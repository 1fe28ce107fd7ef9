from __future__ import annotations

import pytest
from search_backends import backend

from syndr import _native
from syndr.search import BACKENDS


@pytest.fixture(params=sorted(BACKENDS))
def search(request):
    return backend(request.param)


@pytest.fixture(params=_native.kernels())
def kernel(request, monkeypatch):
    monkeypatch.setenv("SYNDR_KERNEL", request.param)
    return request.param
