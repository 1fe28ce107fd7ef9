"""Section "What was done": the stages, the recipe, the versions."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

import syndr
from syndr.report.blocks import Block, Cell, Facts, Folded, Section, Table, Text
from syndr.report.recorded_run import STAGES, RecordedRun, Stage
from syndr.report.sections.wording import duration, reported_text, setting_text

_TITLES = {
    "features": "Features of the pictures",
    "select": "Selection (DDCUp)",
    "synthesize": "Pseudo-labels",
    "train": "Training, with thinning (DRCDown)",
    "evaluate": "Evaluation",
}
_SHOWN_ELSEWHERE = {"counts", "bound_before", "bound_after"}


def overview_section(run: RecordedRun) -> Section:
    """Build the section."""
    found = [run.stage(name) for name in STAGES]
    stages = {stage.name: stage for stage in found if stage is not None}
    versions = {name: value for stage in stages.values() for name, value in stage.versions.items()}
    blocks: list[Block] = [
        Table(
            columns=("Stage", "Time", "What it reports"),
            rows=[_stage_row(name, stages.get(name)) for name in STAGES],
            caption="Stages",
        ),
        Folded(
            "The recipe, with every preset and default filled in; what is not set is left out",
            [Facts(dict(_settings(run.recipe)))],
        ),
    ]
    if versions:
        blocks.append(Folded("The versions it ran with", [Facts(versions)]))
    blocks.append(
        Text(
            f"This page was made with syndr {syndr.__version__}, Python {platform.python_version()}, "
            f"NumPy {np.__version__} and PyArrow {pa.__version__}."
            + ("" if versions else " The versions that the run itself used were not recorded.")
        )
    )
    return Section("What was done", blocks)


def _stage_row(name: str, stage: Stage | None) -> tuple[Cell, ...]:
    if stage is None:
        return _TITLES[name], None, "not run"
    said = {key: value for key, value in stage.summary.items() if key not in _SHOWN_ELSEWHERE}
    return _TITLES[name], duration(stage.seconds), reported_text(said)


def _settings(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if value is not None and not isinstance(value, Mapping):
            yield f"{prefix}{key}", setting_text(value)
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{prefix}{key}.")
