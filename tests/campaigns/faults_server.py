"""Runs command lines of syndr in forked copies of itself: importing torch takes seconds, and is done once.

A line of JSON on standard input asks for a run; the number of its process is printed. What it says goes to files.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from pathlib import Path

from syndr.cli import main


def run(request):
    """Become the command, and end as it does."""
    os.chdir(request["folder"])
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(request["log"] + "." + name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    if request["more_bytes"] is not None:
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limit = mapped + request["more_bytes"]
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    sys.argv = ["syndr", *request["arguments"]]
    code = 99
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    Path(request["log"] + ".code").write_text(str(code))
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if not child:
            run(json.loads(line))
        print(child, flush=True)
