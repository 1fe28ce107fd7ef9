"""Ray's faults and clusters, for real: two and four workers, two nodes, workers killed, a node lost, a driver killed.

``python tests/campaigns/ray_faults.py`` prints what it did; ray.sh keeps it. A driver that is to be killed runs this
file again with the name of its work and a folder.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import ray
import torch
from ray.cluster_utils import Cluster
from torch import nn

from syndr.features import Backbone, extract
from syndr.images import samples_from_folder, write_image
from syndr.search import ExactSearch, LabelGap, split_rows
from syndr.search.ray import RaySearch
from syndr.virtual import VirtualDataset, virtual_rows

sys.path.append(str(Path(__file__).resolve().parents[2]))  # the benchmarks are not installed
from benchmarks.generator import KadidLike

ROWS = 40_000
PICTURES = 240
STORE = 1 << 30  # bytes of each node's object store


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()[:16]


def folder_digest(folder):
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file() and path.name != ".lock")
    found = hashlib.sha256()
    for path in files:
        found.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return f"{len(files)} files {found.hexdigest()[:16]}"


def workers_of(task):
    """Give the processes that run this task now; Ray names its workers by what they do."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(f"ray::{task}" in part for part in process.info["cmdline"] or [])
    ]


def kill_while(task, times, between=0.3):
    """Kill a worker that runs this task, so many times, from a thread; give the list of what was killed."""
    killed = []

    def hunt():
        end = time.monotonic() + 60
        while len(killed) < times and time.monotonic() < end:
            for process in workers_of(task)[:1]:
                process.send_signal(signal.SIGKILL)
                killed.append(process.pid)
            time.sleep(between)

    thread = threading.Thread(target=hunt, daemon=True)
    thread.start()
    return killed, thread


def say(what, same, *more):
    print(f"{'same' if same else 'DIFFERENT':9} {what}{'; ' if more else ''}{', '.join(more)}", flush=True)
    if not same:
        sys.exit(1)


def search_faults(work):
    features, labels = KadidLike(seed=3, dims=512).samples(ROWS)
    np.save(work / "rows.npy", features)
    rows, _ = split_rows(np.load(work / "rows.npy", mmap_mode="r"), "X", "raise")
    gap = LabelGap(labels, 1.0)
    expected = digest(ExactSearch().components(rows, 0.1, gap))
    some = rows.take(np.arange(6000))
    pairs = ExactSearch().pairs(some, 0.1, None)
    print(f"local: components of {ROWS:,} x 512 rows {expected}, {len(pairs):,} pairs of 6,000 of them", flush=True)

    def compare(what, search, killed=None):
        found = digest(search.components(rows, 0.1, gap))
        report = search.report
        more = [] if killed is None else [f"{len(killed)} killed"]  # counted when all is over
        say(what, found == expected, *(f"{report[name]} {name}" for name in ("nodes", "blocks", "tasks")),
            report["placed"], *more)  # fmt: skip

    for cpus in (1, 2, 4):
        ray.init(num_cpus=cpus, include_dashboard=False, log_to_driver=False, object_store_memory=STORE)
        for place in ("auto", "copy"):
            compare(f"components, {cpus} workers", RaySearch(place=place))
        found = RaySearch(block_rows=1500).pairs(some, 0.1, None)
        same = all(np.array_equal(getattr(found, part), getattr(pairs, part)) for part in ("i", "j", "distance"))
        say(f"pairs, {cpus} workers", same)
        if cpus == 2:
            for task in ("prepare", "forest"):
                killed, thread = kill_while(task, 3)
                compare(f"components, workers killed while they {task}", RaySearch(block_rows=2000), killed)
                thread.join()
        ray.shutdown()

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": STORE})
    second = cluster.add_node(num_cpus=1, object_store_memory=STORE)
    ray.init(address=cluster.address, log_to_driver=False)
    for place in ("auto", "copy"):
        compare("components, two nodes", RaySearch(place=place, block_rows=3072))
    timer = threading.Timer(1.5, lambda: cluster.remove_node(second, allow_graceful=False))
    timer.start()
    compare("components, the second node lost on the way", RaySearch(place="copy", block_rows=2000))
    timer.join()
    compare("components, afterwards on the node that is left", RaySearch(place="copy"))
    ray.shutdown()
    cluster.shutdown()


def network():
    generator = torch.Generator().manual_seed(0)
    convolution = nn.Conv2d(3, 16, 5, stride=2)
    with torch.no_grad():
        for parameter in convolution.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.4)
    body = nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Backbone("small", body, dims=16, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))


def extraction(work, out, engine, progress):
    return extract(samples_from_folder(work / "photos"), network(), out, 4, 96, engine=engine, progress=progress)


def synthesis(work, out, engine, progress):
    rows = virtual_rows(samples_from_folder(work / "photos").take(range(40)), [1, 7, 11], [2, 4])
    return VirtualDataset(rows).materialize(out, "png", progress, engine)


WORK = {"extraction": extraction, "synthesis": synthesis}


def quiet(stage, done, total):
    pass


def driver(name, work, out):
    """What a driver that is to be killed does: half of the work, then it kills itself."""

    def progress(stage, done, total):
        if done >= total / 2:
            os.kill(os.getpid(), signal.SIGKILL)

    WORK[name](work, out, "ray", progress)


def driver_faults(work):
    generator = torch.Generator().manual_seed(1)
    for number in range(PICTURES):
        picture = torch.randint(0, 256, (3, 120 + number % 30, 150), dtype=torch.uint8, generator=generator)
        write_image(work / f"photos/{number:03}.png", picture)
    (work / "photos/007.png").write_bytes(b"not a picture")
    for name, do in WORK.items():
        do(work, work / name, "local", quiet)
        expected = folder_digest(work / name)
        print(f"local: {name} {expected}", flush=True)
        out = work / f"{name}-killed"
        command = [sys.executable, __file__, name, str(work), str(out)]
        code = subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode
        left = Path(f"{out}.partial") if name == "extraction" else out
        begun = sum(1 for path in left.rglob("*") if path.is_file())
        killed, thread = kill_while("MapWorker", 1)
        do(work, out, "ray", quiet)
        thread.join()
        if name == "synthesis":  # its table says where it lies
            (out / "virtual.json").touch()
        say(
            f"{name}: driver killed half-way, gone on with on Ray",
            folder_digest(out) == expected,
            f"it ended with {code} and left {begun} files",
            f"{len(killed)} worker killed in the second run",
        )
    ray.shutdown()


def main():
    with tempfile.TemporaryDirectory() as folder:
        search_faults(Path(folder))
        driver_faults(Path(folder))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        driver(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
