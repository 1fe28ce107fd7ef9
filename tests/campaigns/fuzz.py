"""Damages files and calls native functions for as long as it is told to, in processes that may die.

Each worker takes one target after the other, with examples drawn from a seed. What is neither a result nor a refusal, a
crash, or an example that takes longer than a minute or more memory than it may, is printed with its seed; the folder or
arguments can be made again from it. Called by ``fuzz.sh``.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import multiprocessing
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from hostile_mutations import damaged, random_damages
from hostile_native import CALLS, REFUSED
from hostile_readers import READERS
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from syndr.errors import SyndrError

MORE_BYTES, SECONDS = 6 << 30, 60
BATCH = 200


def limit() -> None:
    """Bound what the rest of this process may take."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MORE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    warnings.simplefilter("ignore")
    faulthandler.enable()


def too_long(number: int, frame: Any) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def attack_files(name: str, first: int, report: Connection) -> None:
    """Read a batch of damaged files."""
    reader = READERS[name]
    with tempfile.TemporaryDirectory(prefix="syndr-fuzz-") as folder:
        whole, broken = Path(folder, "whole"), Path(folder, "broken")
        whole.mkdir()
        path = reader.make(whole).relative_to(whole)
        originals = {file: (whole / file).read_bytes() for file in reader.attacked}
        limit()
        for number in range(first, first + BATCH):
            report.send(("began", number))
            draw = random.Random(f"{name} {number}")
            shutil.rmtree(broken, ignore_errors=True)
            shutil.copytree(whole, broken)
            for file in draw.sample(reader.attacked, k=min(len(reader.attacked), draw.choice((1, 1, 1, 2)))):
                (broken / file).write_bytes(damaged(originals[file], random_damages(draw)))
            signal.alarm(SECONDS)
            try:
                reader.read(broken / path)
                report.send(("read", number))
            except SyndrError:
                report.send(("refused", number))
            except BaseException:
                report.send(("failed", number, traceback.format_exc()[-1500:]))
            finally:
                signal.alarm(0)


def attack_calls(name: str, first: int, report: Connection) -> None:
    """Make a batch of calls."""
    function, drawn = CALLS[name]
    limit()

    @seed(first)
    @settings(
        max_examples=BATCH,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*drawn))
    def attack(arguments: tuple[Any, ...]) -> None:
        report.send(("began", first, repr(arguments)[:1500]))
        signal.alarm(SECONDS)
        try:
            function(*arguments)
            report.send(("read", first))
        except REFUSED:
            report.send(("refused", first))
        except BaseException:
            report.send(("failed", first, repr(arguments)[:1500] + traceback.format_exc()[-1500:]))
        finally:
            signal.alarm(0)

    attack()


def attack(kind: str, name: str, first: int, report: Connection) -> None:
    """Be a worker."""
    signal.signal(signal.SIGALRM, too_long)
    (attack_files if kind == "file" else attack_calls)(name, first, report)
    report.send(("ended", first))


def watch(kind: str, name: str, first: int, counts: dict[str, int], failures: list[str]) -> None:
    """Run a worker to its end, whatever that is."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=attack, args=(kind, name, first, theirs))
    process.start()
    theirs.close()
    last: tuple[Any, ...] = ("began", first)
    ended = False
    while not ended and ours.poll(3 * SECONDS):
        try:
            message = ours.recv()
        except EOFError:
            break
        if message[0] == "began":
            last = message
        elif message[0] == "ended":
            ended = True
        else:
            counts[message[0]] += 1
            if message[0] == "failed":
                failures.append(f"{kind} {name!r}, seed {message[1]}: {message[2]}")
    if not ended:
        process.kill()
    process.join()
    if not ended:
        counts["failed"] += 1
        failures.append(f"{kind} {name!r}: the process ended with {process.exitcode} or hung at {last[1:]}")


def main() -> None:
    """Fuzz every target in turn until the time is over; ends with 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--only", default="", help="targets whose name holds this")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    targets = [("file", name) for name in READERS] + [("call", name) for name in CALLS]
    targets = [target for target in targets if options.only in target[1]]
    counts = {name: {"read": 0, "refused": 0, "failed": 0} for _, name in targets}
    failures: dict[str, list[str]] = {name: [] for _, name in targets}
    end, first = time.monotonic() + options.seconds, options.seed
    while time.monotonic() < end:
        for kind, name in targets:
            if time.monotonic() < end and len(failures[name]) < 20:
                watch(kind, name, first, counts[name], failures[name])
        first += BATCH
    for kind, name in targets:
        found = counts[name]
        print(f"{kind} {name:22} {sum(found.values()):7} examples: {json.dumps(found)}")
    total = sum(sum(found.values()) for found in counts.values())
    failed = sum(found["failed"] for found in counts.values())
    for each in failures.values():
        for text in each[:3]:
            print(f"\n{text}")
    print(f"\n{total} examples in {options.seconds:.0f} s, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
