"""The report of a run folder."""

from __future__ import annotations

from pathlib import Path

from syndr.report.blocks import Page
from syndr.report.page import write
from syndr.report.projection import Method
from syndr.report.recorded_run import RecordedRun
from syndr.report.sections.clusters import clusters_section
from syndr.report.sections.labels import labels_section
from syndr.report.sections.maps import maps_section
from syndr.report.sections.overview import overview_section
from syndr.report.sections.results import results_section
from syndr.report.sections.selection import selection_section
from syndr.report.sections.summary import summary_section
from syndr.report.sections.theorem import theorem_section
from syndr.report.sections.training import training_section
from syndr.report.thumbnails import Thumbnails


def run_page(folder: str | Path, thumbnails: Thumbnails | None = None, places: Method = "auto") -> Page:
    """Describe a run folder, as far as its stages were run.

    Args:
        folder: What ``syndr run`` wrote.
        thumbnails: Gives small pictures of samples; none are shown without it.
        places: How the maps' points are placed (:func:`~syndr.report.project`); PCA is the quickest.

    Returns:
        The page; where a stage was not run, its section says so.

    Raises:
        StoreError: When it is no run folder, or one of its files is damaged.
    """
    run = RecordedRun.open(folder)
    facts = [f"Run folder {run.path.resolve().name}"]
    facts += [f"{key} {run.recipe[key]}" for key in ("preset", "seed") if key in run.recipe]
    return Page(
        title="How this training set was reshaped",
        subtitle=" · ".join(facts),
        sections=(
            summary_section(run),
            overview_section(run),
            selection_section(run, thumbnails),
            clusters_section(run, thumbnails),
            maps_section(run, thumbnails, places),
            labels_section(run),
            theorem_section(run),
            training_section(run),
            results_section(run),
        ),
    )


def write_report(
    folder: str | Path, out: str | Path, thumbnails: Thumbnails | None = None, places: Method = "auto"
) -> None:
    """Write the report of a run folder as one HTML file; arguments and errors as :func:`run_page`."""
    write(run_page(folder, thumbnails, places), out)
