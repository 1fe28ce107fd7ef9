"""Memory that is kept between steps."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# mallopt's parameters (glibc's malloc.h).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4


@contextmanager
def kept_memory(device: torch.device) -> Iterator[None]:
    """Let the C library keep what is freed while training on a CPU, for the next step to take.

    glibc takes each block of more than 32 MB from the system and gives it back when it is freed, so that the system
    clears the same memory anew in every step: of EfficientNet-Lite0's, with 32 pictures on two cores, that was a fifth
    to two fifths of the time. What is kept lies less densely; there a run needed a quarter more. In the end it is given
    back. On other devices, and with other C libraries, nothing is changed.
    """
    library = ctypes.CDLL(None) if device.type == "cpu" and sys.platform == "linux" else None
    if not hasattr(library, "gnu_get_libc_version"):
        yield
        return
    assert library is not None
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, -1)  # none
    try:
        yield
    finally:
        # These numbers grow by themselves, up to those here, until one is set.
        library.mallopt(_MMAP_MAX, 65536)
        library.mallopt(_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_TRIM_THRESHOLD, 64 << 20)
        library.malloc_trim(0)
