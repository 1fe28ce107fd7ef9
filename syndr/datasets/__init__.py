"""IQA databases as sample tables."""

from __future__ import annotations

from syndr.datasets.declaration import Database, Labels, Part, Pictures, Tables
from syndr.datasets.kadid10k import released_references
from syndr.datasets.label_scale import QUALITY, LabelScale
from syndr.datasets.read import read_database
from syndr.datasets.registry import DATABASES, find_database

__all__ = [
    "DATABASES",
    "QUALITY",
    "Database",
    "LabelScale",
    "Labels",
    "Part",
    "Pictures",
    "Tables",
    "find_database",
    "read_database",
    "released_references",
]
