"""The paper's figures for one's own data, ready to print: figures 1 and 5, 3, and 4."""

from __future__ import annotations

from syndr.report.figures.maps import representation_figure, trainings_figure
from syndr.report.figures.saving import check_figure_suffix, save_figure
from syndr.report.figures.strip import qualitative_figure

__all__ = [
    "check_figure_suffix",
    "qualitative_figure",
    "representation_figure",
    "save_figure",
    "trainings_figure",
]
