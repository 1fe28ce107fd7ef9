"""The report: one self-contained HTML page that shows what a run did and why."""

from __future__ import annotations

from syndr.report.blocks import (
    Bars,
    Block,
    Card,
    Cards,
    Classes,
    Facts,
    Folded,
    Gallery,
    Histogram,
    Map,
    Page,
    Picture,
    Plot,
    Scale,
    Section,
    Share,
    Table,
    Text,
    Verdict,
)
from syndr.report.page import render, write
from syndr.report.projection import Projection, project
from syndr.report.run import run_page, write_report
from syndr.report.thinning import thinning_page
from syndr.report.thumbnails import Thumbnails

__all__ = [
    "Bars",
    "Block",
    "Card",
    "Cards",
    "Classes",
    "Facts",
    "Folded",
    "Gallery",
    "Histogram",
    "Map",
    "Page",
    "Picture",
    "Plot",
    "Projection",
    "Scale",
    "Section",
    "Share",
    "Table",
    "Text",
    "Thumbnails",
    "Verdict",
    "project",
    "render",
    "run_page",
    "thinning_page",
    "write",
    "write_report",
]
