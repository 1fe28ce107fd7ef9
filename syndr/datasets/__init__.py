"""IQA databases as sample tables."""

from __future__ import annotations

from syndr.datasets.kadid10k import KADID10K, released_references
from syndr.datasets.kadid10k import read as read_kadid10k
from syndr.datasets.label_scale import QUALITY, LabelScale

__all__ = ["KADID10K", "QUALITY", "LabelScale", "read_kadid10k", "released_references"]
