"""How well the pair search uses Ray's workers, on this machine alone: ``python tests/campaigns/ray_measure.py FOLDER``.

The first run writes 200,000 generated rows into the folder; later ones measure. The result goes to results/ray.json.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from syndr.downsample import DRCDown
from syndr.search import ExactSearch, LabelGap, split_rows
from syndr.search.ray import RaySearch
from syndr.tables import clusters_table

sys.path.append(str(Path(__file__).resolve().parents[2]))  # the benchmarks are not installed
from benchmarks.generator import KadidLike
from benchmarks.machine import machine

ROWS, DIMS = 200_000, 2048
REPEATS = 3
RESULT = Path(__file__).resolve().parent / "results" / "ray.json"


def write(folder):
    features = np.lib.format.open_memmap(folder / "rows.npy", "w+", np.float32, (ROWS, DIMS))
    labels = np.empty(ROWS)
    KadidLike(dims=DIMS).write(features, labels)
    features.flush()
    np.save(folder / "labels.npy", labels)


def timed(search, rows, gap):
    """Give the components and, of the median run, seconds and the search's own account of them."""
    runs = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        found = search.components(rows, 0.1, gap)
        runs.append((time.perf_counter() - begin, search.report))
    runs.sort(key=lambda run: run[0])
    seconds, report = runs[len(runs) // 2]
    return found, {"seconds": seconds, "runs": [run[0] for run in runs], "phases": report["seconds"]}


def main(folder):
    import ray

    rows, _ = split_rows(np.load(folder / "rows.npy", mmap_mode="r"), "X", "raise")
    gap = LabelGap(np.load(folder / "labels.npy"), 1.0)
    ExactSearch().components(rows, 0.1, gap)  # the file is in memory from here on
    expected, one = timed(ExactSearch(1), rows, gap)
    _, two = timed(ExactSearch(2), rows, gap)
    of_workers = {}
    for workers in (1, 2):
        begin = time.perf_counter()
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, object_store_memory=4 << 30)
        started = time.perf_counter() - begin
        search = RaySearch()
        begin = time.perf_counter()
        first = search.components(rows, 0.1, gap)  # starts the worker processes
        warming = time.perf_counter() - begin
        found, measured = timed(search, rows, gap)
        assert np.array_equal(found, expected) and np.array_equal(first, expected)
        begin = time.perf_counter()
        ray.put(np.asarray(rows.features))
        placing = time.perf_counter() - begin
        measured |= {"start": started, "first_run": warming, "copying_rows_into_the_store": placing}
        measured |= {"blocks": search.report["blocks"], "tasks": search.report["tasks"]}
        of_workers[workers] = measured
        ray.shutdown()
    begin, drcdown = time.process_time(), DRCDown(search=Given(expected))
    drcdown.fit(rows.features, gap.labels, [f"pictures/{row:012}" for row in range(ROWS)])
    clusters_table(drcdown.result_).write(folder / "thinned.csv")
    thinning = (time.process_time() - begin) / ROWS
    overhead = of_workers[2]["seconds"] / two["seconds"]
    what = f"components of {ROWS:,} KADID-like rows x {DIMS:,} dims with labels, mapped from a file"
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "what": {
            "overhead": f"two workers against one process of two threads, {what}",
            "thin": f"DRCDown of {ROWS:,} rows with known clusters, norms of the rows and the table as CSV included",
        },
        "local": {"1 thread": one, "2 threads": two},
        "ray": {f"{workers} workers": measured for workers, measured in of_workers.items()},
        "engine_overhead": overhead,
        "efficiency_from_one_to_two_workers": of_workers[1]["seconds"] / of_workers[2]["seconds"] / 2,
        "efficiency_from_one_to_two_threads": one["seconds"] / two["seconds"] / 2,
        "thin_seconds_per_row": thinning,
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "machine"}, indent=2))


class Given:
    """A search that knows the components, so that what is left of a thinning can be timed."""

    name, exact = "given", True

    def __init__(self, components):
        self.report, self._components = {}, components

    def components(self, rows, radius, gap=None, progress=None):
        return self._components


if __name__ == "__main__":
    place = Path(sys.argv[1])
    if (place / "labels.npy").exists():
        main(place)
    else:
        place.mkdir(parents=True, exist_ok=True)
        write(place)
