"""Many small calls in one process leave nothing behind: no memory, no threads, no open files.

``tests/campaigns/load.sh`` makes ten thousand of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import children
import pytest
import small_calls


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells by /proc what a process holds")
def test_small_calls_leave_nothing_behind():
    script = Path(small_calls.__file__)
    command = [sys.executable, str(script), "500", "2000"]
    ended = subprocess.run(command, env=children.environment(), capture_output=True, text=True, check=True)
    before, after = json.loads(ended.stdout)["after"]
    assert after["resident_bytes"] - before["resident_bytes"] < 1 << 20, "a leak of 700 bytes per call"
    for name in ("open_files", "threads", "python_threads"):
        assert after[name] == before[name], name
