"""The command line: the only part of the package that prints."""

from __future__ import annotations

from syndr.cli.main import app, main

__all__ = ["app", "main"]
