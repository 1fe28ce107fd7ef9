"""Memory kept between steps."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest
import torch

from syndr.training.memory import kept_memory, tidied

resource = pytest.importorskip("resource")
CPU = torch.device("cpu")
LARGE = 96 << 20  # more than glibc keeps
library = ctypes.CDLL(None) if sys.platform == "linux" else None


def pages_got():
    library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    library.free.argtypes = [ctypes.c_void_p]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = library.malloc(LARGE)
    ctypes.memset(block, 1, LARGE)
    library.free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not hasattr(library, "gnu_get_libc_version"), reason="the C library is not glibc")
def test_a_freed_block_is_taken_again_and_given_back_in_the_end():
    with kept_memory(CPU):
        pages_got()
        assert pages_got() < 100
        with kept_memory(CPU):  # as a model is scored while it is trained
            pages_got()
        assert pages_got() < 100
        within = resident()
    assert resident() < within - LARGE // 2


@pytest.mark.skipif(not hasattr(library, "gnu_get_libc_version"), reason="the C library is not glibc")
def test_what_lies_idle_is_given_back_now_and_then():
    batches = tidied(range(130))
    with kept_memory(CPU):
        for freed_after in (10, 70):
            while next(batches) != freed_after:
                pass
            pages_got()
            before = resident()
            while next(batches) % 64:
                pass
            assert resident() < before - LARGE // 2
    assert list(batches) == [129]


@pytest.mark.parametrize(("device", "platform"), [("cuda", "linux"), ("cpu", "darwin")])
def test_elsewhere_nothing_is_changed(monkeypatch, device, platform):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("asked for the C library"))
    with kept_memory(torch.device(device)):
        pass
