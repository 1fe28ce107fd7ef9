"""IQA databases as sample tables."""

from __future__ import annotations

from syndr.datasets.check import Check, check_database
from syndr.datasets.declaration import Database, Labels, Part, Pictures, Tables
from syndr.datasets.generic import read_labelled_table
from syndr.datasets.kadid10k import released_references
from syndr.datasets.label_scale import QUALITY, LabelScale
from syndr.datasets.leakage import check_leakage
from syndr.datasets.read import read_database
from syndr.datasets.registry import DATABASES, find_database
from syndr.datasets.splits import SPLITS, part_of, split_by_reference
from syndr.datasets.type_presets import TYPE_PRESETS, preset_types

__all__ = [
    "DATABASES",
    "QUALITY",
    "SPLITS",
    "TYPE_PRESETS",
    "Check",
    "Database",
    "LabelScale",
    "Labels",
    "Part",
    "Pictures",
    "Tables",
    "check_database",
    "check_leakage",
    "find_database",
    "part_of",
    "preset_types",
    "read_database",
    "read_labelled_table",
    "released_references",
    "split_by_reference",
]
