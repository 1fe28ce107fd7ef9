"""Does to every stage what machines do: kills it, fills its disk, takes its memory, and looks at what is left.

Everything runs through the command line. A stage is first run undisturbed; what it then leaves after faults and a last
run without any must be the same, byte for byte. Prints the table of ``docs/faults.md``. Called by ``faults.sh``.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from faults_counts import BAD, Count, print_table, tell
from faults_files import contents, cut_off, is_whole, overwrite, remount, replace, tmpfs
from faults_processes import Ended, Server, ended_with, is_running
from faults_stages import STAGES, Stage, write_inputs

from syndr.features import FeatureStore

PAGE = 4096


class Campaign:
    """Inputs, undisturbed results, and the faults."""

    def __init__(self, folder: Path, trials: int, only: list[str]) -> None:
        self.folder, self.trials = folder, trials
        self.stages = [stage for stage in STAGES if not only or stage.name in only]
        self.data, self.log = folder / "data", folder / "log"
        self.server, self.cold = Server(), Server("cold")
        self.draw = random.Random(20261126)
        self.counts: list[Count] = []
        self.expected: dict[str, dict[str, bytes]] = {}
        self.seconds: dict[str, float] = {}

    def prepare(self) -> None:
        """Make the inputs, and run every stage undisturbed."""
        self.data.mkdir()
        write_inputs(self.data, self.must)
        for stage in self.stages:
            self.expected[stage.name] = contents(self.time(stage) / stage.output)

    def time(self, stage: Stage) -> Path:
        """Run a stage undisturbed, and note how long it takes while the machine is as busy as it is now."""
        folder, started = self.fresh(f"undisturbed {stage.name}"), time.perf_counter()
        ended = self.run(stage, folder)
        self.seconds[stage.name] = time.perf_counter() - started
        assert ended.code == 0, (stage, ended)
        return folder

    def must(self, line: str) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        ended = self.wait(self.server.start(line.split(), self.data, self.log))
        assert ended.code == 0, (line, ended)

    def fresh(self, name: str) -> Path:
        folder = self.folder / name.replace(" ", "-")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def begin(self, stage: Stage, folder: Path, more_bytes: int | None = None, log: Path | None = None,
              server: Server | None = None) -> int:  # fmt: skip
        return (server or self.server).start(stage.command(self.data), folder, log or self.log, more_bytes)

    def wait(self, process: int, log: Path | None = None, most: float = 600) -> Ended:
        end = time.monotonic() + most
        while is_running(process):
            if time.monotonic() > end:
                os.kill(process, signal.SIGKILL)
            time.sleep(0.005)
        log = log or self.log
        return Ended(ended_with(process), log.with_name(log.name + ".err").read_text(errors="replace"))

    def run(self, stage: Stage, folder: Path, log: Path | None = None, **more: Any) -> Ended:
        return self.wait(self.begin(stage, folder, log=log, **more), log)

    def compare(self, count: Count, stage: Stage, folder: Path) -> None:
        """Run once more without a fault, and compare with the undisturbed results."""
        ended = self.run(stage, folder) if stage.again or not self.done(stage, folder) else Ended(0, "")
        if ended.code != 0:
            count.lost += 1
            count.notes.append(f"the last run ended with {ended.code}: {ended.said[-300:]}")
            return
        found, expected = contents(folder / stage.output), self.expected[stage.name]
        count.lost += len(set(expected) - set(found))
        differing = sorted(name for name in set(found) & set(expected) if found[name] != expected[name])
        count.changed += len(differing) + len(set(found) - set(expected))
        count.notes += [f"differs: {name}" for name in [*differing, *sorted(set(found) - set(expected))][:3]]
        count.litter += sum(".unfinished-" in path.name for path in folder.rglob("*"))

    def clear(self, count: Count, ended: Ended, *words: str) -> None:
        """Count a command that failed, and whether it said one of these words."""
        count.struck += ended.code != 0
        if ended.is_abrupt:
            count.abrupt += 1
        elif ended.code != 0 and not (ended.clear and any(each in ended.said for each in words)):
            count.unclear += 1
            count.notes.append(f"ended with {ended.code}: {ended.said.strip()[-300:]!r}")

    def kills(self, stage: Stage) -> None:
        """``kill -9`` at moments drawn over the whole run, each time going on from what the last one left."""
        self.time(stage)
        count = self.count("kill -9", stage, "SIGKILL after a random part of the undisturbed time")
        folder = self.fresh(f"kill {stage.name}")
        while count.struck < self.trials:
            process = self.begin(stage, folder)
            time.sleep(self.draw.uniform(0.02, self.seconds[stage.name]))
            if is_running(process):
                os.kill(process, signal.SIGKILL)
            ended = self.wait(process)
            count.trials += 1
            count.struck += ended.code == -signal.SIGKILL
            if ended.code not in (0, -signal.SIGKILL):
                count.lost += 1
                count.notes.append(f"could not go on: {ended.said[-300:]}")
            self.whole_or_absent(count, stage, folder)
            if self.done(stage, folder) and count.struck < self.trials:
                self.compare(count, stage, folder)
                folder = self.fresh(f"kill {stage.name}")
        self.compare(count, stage, folder)

    def done(self, stage: Stage, folder: Path) -> bool:
        return set(self.expected[stage.name]) <= set(contents(folder / stage.output))

    def whole_or_absent(self, count: Count, stage: Stage, folder: Path) -> None:
        """A file under its final name is never half of one."""
        expected = self.expected[stage.name]
        for name, data in contents(folder / stage.output).items():
            if name not in expected:
                continue
            redone = name in stage.redone or name.endswith(".json")
            if not (is_whole(name, data) if redone else data == expected[name]):
                count.changed += 1
                count.notes.append(f"half of {name}")

    def full_disks(self, stage: Stage) -> None:
        """A small file system that is full half-way; then it is enlarged and the command run again."""
        size = sum(len(data) for data in self.expected[stage.name].values())
        count = self.count("disk full", stage, "a tmpfs of 5 to 95% of the output's size, then enlarged")
        for share in (0.05, 0.35, 0.65, 0.95):
            with tmpfs(self.fresh(f"full {stage.name}"), PAGE + int(share * size) // PAGE * PAGE) as folder:
                (folder / "other").write_bytes(b"x")  # takes a page: no file system is smaller than one
                count.trials += 1
                self.clear(count, self.run(stage, folder), "no room to write")
                self.whole_or_absent(count, stage, folder)
                remount(folder, f"size={max(256 << 20, 20 * size)}")
                self.compare(count, stage, folder)

    def read_only(self, stage: Stage) -> None:
        """A file system that may not be written to; then it may."""
        count = self.count("read-only output", stage, "a tmpfs mounted read-only, then writable")
        with tmpfs(self.fresh(f"ro {stage.name}"), 512 << 20) as folder:
            remount(folder, "ro")
            count.trials += 1
            self.clear(count, self.run(stage, folder), "Read-only file system")
            remount(folder, "rw")
            self.compare(count, stage, folder)

    def little_memory(self, stage: Stage) -> None:
        """An address space that is used up at once, soon, or late; also while torch is still being imported."""
        when = {"after": self.server}
        if stage.name in ("extract", "downsample", "train"):
            when["before"] = self.cold
        for moment, server in when.items():
            made = f"RLIMIT_AS of 4, 8, 16 ... MB more than is mapped {moment} its imports, until that is enough"
            count = self.count("memory limit", stage, made)
            folder, ended, more = self.fresh(f"memory {stage.name}"), Ended(1, ""), 4 << 20
            while ended.code != 0 and more < 64 << 30:
                ended = self.run(stage, folder, server=server, more_bytes=more)
                count.trials += 1
                self.clear(count, ended, "not enough memory")
                self.whole_or_absent(count, stage, folder)
                if ended.code != 0 and self.done(stage, folder):
                    self.compare(count, stage, folder)
                    folder = self.fresh(f"memory {stage.name}")
                more *= 2
            self.compare(count, stage, folder)

    def two_runs(self, stage: Stage) -> None:
        """The same command twice in one folder, the second while the first is at work."""
        self.time(stage)
        count = self.count("two runs in one folder", stage, "the same command started again after 0 to 90% of its time")
        for share in (0.0, 0.3, 0.6, 0.9):
            folder = self.fresh(f"two {stage.name}")
            first, log = self.begin(stage, folder), self.log.with_name("second")
            time.sleep(share * self.seconds[stage.name])
            second = self.run(stage, folder, log=log)
            count.trials += 1
            ended = self.wait(first), second
            for each in ended:
                self.clear(count, each, "another process is writing there", "something is there already")
            if all(each.code != 0 for each in ended):
                count.lost += 1
                count.notes.append(f"both failed: {ended}")
            self.compare(count, stage, folder)

    def clock(self, stage: Stage) -> None:
        """Killed in 2035, gone on with in 2001; the files of the future stay."""
        self.time(stage)
        count = self.count("clock set back", stage, "libfaketime: begun and killed in 2035, gone on with in 2001")
        late, early = server_in(2035), server_in(2001)
        for share in (0.2, 0.5, 0.8):
            folder = self.fresh(f"clock {stage.name}")
            process = self.begin(stage, folder, server=late)
            time.sleep(share * self.seconds[stage.name])
            if is_running(process):
                os.kill(process, signal.SIGKILL)
            count.struck += self.wait(process).code == -signal.SIGKILL
            count.trials += 1
            for path in folder.rglob("*"):
                os.utime(path, (2_051_222_400, 2_051_222_400))
            if stage.again or not self.done(stage, folder):
                ended = self.run(stage, folder, server=early)
                if ended.code != 0:
                    count.lost += 1
                    count.notes.append(f"could not go on: {ended.said[-300:]}")
            self.compare(count, stage, folder)

    def changed_inputs(self, stage: Stage) -> None:
        """Somebody writes other features over those that are being read, in each of the ways there are."""
        self.time(stage)
        count = self.count("input changed meanwhile", stage, "its .npy overwritten, cut off and rewritten, or replaced")
        target = self.data / ("x.npy" if stage.name == "downsample" else "c.npy")
        original = target.read_bytes()
        array = np.load(target)
        np.save(self.folder / "other.npy", np.roll(array, 7, axis=0))
        other = (self.folder / "other.npy").read_bytes()

        def expected_of(data: bytes) -> dict[str, bytes]:
            target.write_bytes(data)
            folder = self.fresh(f"changed {stage.name}")
            assert self.run(stage, folder).code == 0
            return contents(folder / stage.output)

        possible = [expected_of(other), expected_of(original)]
        assert possible[0] != possible[1]
        for trial in range(self.trials):
            folder = self.fresh(f"changed {stage.name}")
            process = self.begin(stage, folder)
            time.sleep(self.draw.uniform(0, 0.9 * self.seconds[stage.name]))
            (overwrite, cut_off, replace)[trial % 3](target, other)
            count.trials += 1
            ended = self.wait(process)
            self.clear(count, ended, "changed while it was read", "cut short", target.name)
            found = contents(folder / stage.output)
            if found and found not in possible:
                count.changed += 1
                count.notes.append("made of two versions")
            count.lost += ended.code == 0 and not found
            target.write_bytes(original)
            self.compare(count, stage, folder)

    def changed_pictures(self, stage: Stage) -> None:
        """Somebody writes a picture, cut off and whole in turn, while the pictures are extracted."""
        count = self.count("input changed meanwhile", stage, "a picture cut off and restored all the time")
        target, stop = self.data / "pool/s30.png", threading.Event()
        original = target.read_bytes()

        def write() -> None:
            while not stop.is_set():
                target.write_bytes(original[: len(original) // 2])
                target.write_bytes(original)

        writer = threading.Thread(target=write)
        writer.start()
        whole = FeatureStore.open(self.folder / "undisturbed-extract/out")
        for _ in range(self.trials):
            folder = self.fresh("changed extract")
            ended = self.run(stage, folder)
            count.trials += 1
            if ended.code != 0:
                count.lost += 1
                count.notes.append(ended.said[-300:])
                continue
            store = FeatureStore.open(folder / "out")
            aside = [name for name in (target.name,) if name not in store.row_of]
            count.struck += len(aside)
            rows = [name for name in whole.ids if name in store.row_of]
            count.lost += len(whole) - len(rows) - len(aside)
            count.changed += int((whole.rows(rows) != store.rows(rows)).any())
            listed = (folder / "out/rejected.csv").read_text()
            count.lost += sum(name not in listed for name in aside)
        stop.set()
        writer.join()

    def count(self, fault: str, stage: Stage, made: str) -> Count:
        count = Count(fault, stage.name, made)
        self.counts.append(count)
        return count


@cache
def server_in(year: int) -> Server:
    """Start a server whose clock says that it is this year."""
    library = next(Path("/usr/lib").rglob("libfaketimeMT.so.1"), None)
    assert library is not None, "libfaketime is not installed"
    environment = {"LD_PRELOAD": str(library), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    return Server(**environment, FAKETIME=f"@{year}-01-01 00:00:00")


def main() -> None:
    """Run the campaign and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20, help="kills of each stage, and changes of each input")
    parser.add_argument("--stages", default="", help="only these, with commas between them")
    parser.add_argument("--faults", default="", help="only these methods, with commas between them")
    options = parser.parse_args()
    started = time.monotonic()
    only = [name for name in options.stages.split(",") if name]
    with tempfile.TemporaryDirectory(prefix="syndr-faults-") as folder:
        campaign = Campaign(Path(folder), options.trials, only)
        campaign.prepare()
        plan: list[tuple[Callable[[Stage], None], tuple[str, ...]]] = [
            (campaign.kills, ()),
            (campaign.full_disks, ()),
            (campaign.read_only, ()),
            (campaign.little_memory, ()),
            (campaign.two_runs, ()),
            (campaign.clock, ()),
            (campaign.changed_inputs, ("select", "downsample")),
            (campaign.changed_pictures, ("extract",)),
        ]
        wanted = [name for name in options.faults.split(",") if name]
        for inflict, which in plan:
            if wanted and inflict.__name__ not in wanted:
                continue
            for stage in campaign.stages:
                if not which or stage.name in which:
                    before = len(campaign.counts)
                    inflict(stage)
                    for count in campaign.counts[before:]:
                        tell(count)
        campaign.cold.close()
        campaign.server.close()
    counts = campaign.counts
    print_table(counts)
    failed = sum(getattr(count, name) for count in counts for name in BAD if name != "abrupt")
    print(f"\n{(time.monotonic() - started) / 60:.0f} minutes; {failed} results lost, changed, left over or unclear")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
