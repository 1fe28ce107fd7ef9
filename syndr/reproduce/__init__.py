"""The paper's tables, measured: what they need, the runs behind them, and the published numbers beside ours."""

from __future__ import annotations

from syndr.reproduce.options import Options, Preset
from syndr.reproduce.outcome import Measured, Number, Outcome
from syndr.reproduce.plan import TABLES, Plan
from syndr.reproduce.runner import reproduce
from syndr.reproduce.writers import as_dict, summary

__all__ = [
    "TABLES",
    "Measured",
    "Number",
    "Options",
    "Outcome",
    "Plan",
    "Preset",
    "as_dict",
    "reproduce",
    "summary",
]
