"""Memory that is kept between steps of training, and between forward passes."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

import torch

T = TypeVar("T")

# mallopt's parameters (glibc's malloc.h).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4

# Batches between two givings back, of which each costs the next step some two thirds more.
_TIDY_EVERY = 64

# The settings are the process's: who comes first makes them, who goes last takes them back.
_holders, _lock = 0, Lock()


@contextmanager
def kept_memory(device: torch.device) -> Iterator[None]:
    """Let the C library keep what a network frees on a CPU, for the next step or forward pass to take.

    glibc takes each block of more than 32 MB from the system and gives it back when it is freed, so that the system
    clears the same memory anew for every layer: in training EfficientNet-Lite0, with 32 pictures on two cores, that was
    a fifth to two fifths of the time, and more than half of it in scoring. What is kept lies less densely (see
    :func:`tidied`); there a run of training needed a quarter more. In the end it is given back. On other devices, and
    with other C libraries, nothing is changed.
    """
    global _holders
    library = ctypes.CDLL(None) if device.type == "cpu" and sys.platform == "linux" else None
    if not hasattr(library, "gnu_get_libc_version"):
        yield
        return
    assert library is not None
    with _lock:
        _holders += 1
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, -1)  # none
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if not _holders:
                # These numbers grow by themselves, up to those here, until one is set.
                library.mallopt(_MMAP_MAX, 65536)
                library.mallopt(_MMAP_THRESHOLD, 32 << 20)
                library.mallopt(_TRIM_THRESHOLD, 64 << 20)
                library.malloc_trim(0)


def tidied(batches: Iterable[T]) -> Iterator[T]:
    """Give batches, and after each 64th of them the pages of :func:`kept_memory` that hold nothing back to the system.

    What is small and stays, such as a step's loss, comes to lie where a large block was, and the next large one is
    looked for elsewhere: over 20,000 pictures, each step of 32 took 10 MB more, until the process was killed at
    24 GB.
    """
    for number, batch in enumerate(batches, 1):
        yield batch
        if _holders and number % _TIDY_EVERY == 0:
            ctypes.CDLL(None).malloc_trim(0)
