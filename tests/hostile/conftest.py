"""What hostile input may cost at most: memory and time beyond this are failures too."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import pytest

MORE_BYTES, SECONDS = 6 << 30, 60


@pytest.fixture
def bounded():
    """Refuse more than so much address space beyond what is mapped now, and stop what takes too long."""

    def stop(number, frame):
        pytest.fail(f"took more than {SECONDS} s")

    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MORE_BYTES, hard))
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
