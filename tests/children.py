"""What a Python that a test starts needs."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def environment(**more):
    """Let a script beside this module find its like, and the very package that the tests have."""
    # Not sys.path, in which pytest and tests have moved things about: a package that is installed besides might come
    # before the one under test.
    given = os.environ.get("PYTHONPATH")
    found = [str(Path(__file__).parent), *([given] if given else [])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(found), **more}


def free_port():
    """Give a port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
