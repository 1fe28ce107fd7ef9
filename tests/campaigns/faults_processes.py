"""Commands of syndr as processes that can be struck, and how they ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Ended:
    """How a command ended: its code (negative: by that signal) and what it said."""

    code: int
    said: str

    @property
    def clear(self) -> bool:
        """Whether it said in words of its own what was wrong."""
        return self.code in (1, 2) and "Traceback" not in self.said and "error: " in self.said

    @property
    def is_abrupt(self) -> bool:
        """Whether the C or C++ runtime ended it for lack of memory, within a library that did not ask us."""
        words = ("cannot allocate memory for thread-local data", "std::bad_alloc")
        return self.code in (127, -signal.SIGABRT) and any(each in self.said for each in words)


class Server:
    """The process that forks commands."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("faults_server.py")), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Of such small batches one thread makes quicker work, above all where others are at work too.
            env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        )

    def start(self, arguments: list[str], folder: Path, log: Path, more_bytes: int | None = None) -> int:
        for suffix in (".out", ".err"):
            log.with_name(log.name + suffix).unlink(missing_ok=True)
        request = {"arguments": arguments, "folder": str(folder), "log": str(log), "more_bytes": more_bytes}
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def ended_with(process: int) -> int:
    """Give the code of a process that has ended and that nobody has collected, or less the signal that ended it."""
    status = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[49])
    return status >> 8 if not status & 127 else -(status & 127)


def is_running(process: int) -> bool:
    """Our servers do not collect their children: one that has ended is a zombie, and none of its threads is left."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX" or len(list(Path(f"/proc/{process}/task").iterdir())) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False
