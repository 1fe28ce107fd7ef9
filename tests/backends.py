"""The search backends by what they promise, and making one where its package is installed."""

from __future__ import annotations

import pytest

from syndr.search import BACKENDS, get_search

EXACT = sorted(name for name in BACKENDS if BACKENDS[name].exact)
INEXACT = sorted(set(BACKENDS) - set(EXACT))


def make(name):
    if name.startswith("faiss"):
        pytest.importorskip("faiss", reason="the extra faiss is not installed")
    return get_search(name)
