"""Thousands of small thinnings in one process; prints what the process holds after some of them and after all."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from pathlib import Path

import numpy as np

import syndr

ROWS, DIMS = 50, 16


def held():
    """Give the resident bytes, open files and threads of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "resident_bytes": pages * os.sysconf("SC_PAGE_SIZE"),
        "open_files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "python_threads": threading.active_count(),
    }


def calls(count):
    """Call often, each time with other rows, as a service would; every tenth with rows that are set aside."""
    rng = np.random.default_rng(0)
    kept = 0
    for number in range(count):
        X = np.repeat(rng.normal(size=(10, DIMS)), ROWS // 10, axis=0).astype(np.float32)
        X[3] = 0 if number % 10 == 0 else X[3]
        drcdown = syndr.DRCDown(min_keep=2, on_bad_rows="set_aside")
        drcdown.fit(X, rng.uniform(0, 1, ROWS) if number % 2 else None, [f"{number}-{row}" for row in range(ROWS)])
        kept += len(drcdown.sample_indices_)
        if number % 7 == 0:
            drcdown.result_.largest_distance.sum()
    return kept


if __name__ == "__main__":
    first, last = map(int, sys.argv[1:])
    kept = calls(first)
    after_first = held()
    kept += calls(last - first)
    print(json.dumps({"calls": [first, last], "kept": kept, "after": [after_first, held()]}))
