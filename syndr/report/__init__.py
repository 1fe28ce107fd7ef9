"""The report: one self-contained HTML page that shows what a run did and why."""

from __future__ import annotations

from syndr.report.blocks import (
    Bars,
    Block,
    Facts,
    Gallery,
    Histogram,
    Page,
    Picture,
    Plot,
    Section,
    Table,
    Text,
)
from syndr.report.page import render, write
from syndr.report.run import run_page, write_report

__all__ = [
    "Bars",
    "Block",
    "Facts",
    "Gallery",
    "Histogram",
    "Page",
    "Picture",
    "Plot",
    "Section",
    "Table",
    "Text",
    "render",
    "run_page",
    "write",
    "write_report",
]
