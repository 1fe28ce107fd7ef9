"""Benchmarks beside peers; ``python -m benchmarks`` runs them. Not part of the installed package."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# `python -m` puts the checkout first, where its syndr/ would hide the installed package (and its native module).
# Last, it serves only who works in the checkout without installing.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != ROOT] + [str(ROOT)]
