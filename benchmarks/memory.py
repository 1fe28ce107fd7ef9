"""Peak anonymous memory (RssAnon) of a call, in a process of its own.

The parent samples the child: a thread inside would wait for whoever holds the interpreter. Anonymous memory leaves out
the input, which the child maps from a file.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import ROOT

_INTERVAL = 0.002  # seconds between samples
_WARM_UP_ROWS = 500


def peak_rss_anon(function: Callable[..., Any], arrays: Sequence[Path]) -> dict[str, float]:
    """Run ``function(*arrays)`` in a fresh process and sample its RssAnon.

    Args:
        function: A function at the top level of an importable module.
        arrays: ``.npy`` files, given to it as memory maps; the first has rows.

    Returns:
        ``peak_mib`` of the whole process and ``added_mib``, the part above what it had before the call, once it had
        imported everything and run on a few rows.
    """
    command = [sys.executable, "-m", "benchmarks.memory", function.__module__, function.__name__]
    child = subprocess.Popen(
        [*command, *map(str, arrays)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None and child.stdout is not None
    with child:
        if child.stdout.readline() != "ready\n":
            raise RuntimeError(f"{function.__name__} did not get ready to be measured; its error is above")
        before = peak = rss_anon(child.pid)
        child.stdin.write("go\n")
        child.stdin.flush()
        while child.poll() is None:
            peak = max(peak, rss_anon(child.pid))
            time.sleep(_INTERVAL)
        if child.returncode:
            raise RuntimeError(f"{function.__name__} failed while being measured; its error is above")
    return {"peak_mib": round(peak / 1024, 1), "added_mib": round((peak - before) / 1024, 1)}


def rss_anon(process: int) -> int:
    """Give a process's anonymous memory in KiB; 0 once it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except ProcessLookupError:
        return 0
    found = re.search(r"^RssAnon:\s*(\d+)", status, re.MULTILINE)
    return int(found.group(1)) if found else 0


def _be_measured(module: str, name: str, *files: str) -> None:
    function = getattr(importlib.import_module(module), name)
    arrays = [np.load(file, mmap_mode="r") for file in files]
    function(*(array[:_WARM_UP_ROWS] for array in arrays))
    print("ready", flush=True)
    sys.stdin.readline()
    function(*arrays)


if __name__ == "__main__":
    _be_measured(*sys.argv[1:])
