from __future__ import annotations

import backends
import pytest

from syndr import _native


@pytest.fixture(params=backends.EXACT)
def exact(request):
    return backends.make(request.param)


@pytest.fixture(params=backends.INEXACT)
def inexact(request):
    return backends.make(request.param)


@pytest.fixture(params=[*backends.EXACT, *backends.INEXACT])
def search(request):
    return backends.make(request.param)


@pytest.fixture(params=_native.kernels())
def kernel(request, monkeypatch):
    monkeypatch.setenv("SYNDR_KERNEL", request.param)
    return request.param
