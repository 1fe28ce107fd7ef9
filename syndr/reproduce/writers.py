"""A measured table as Markdown, CSV and JSON, the paper's numbers beside ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from syndr.files import write_json, write_rows, write_text
from syndr.reproduce.options import Options
from syndr.reproduce.outcome import METRICS, Number, Outcome
from syndr.reproduce.plan import TABLES, Target
from syndr.reproduce.published import Published, published_rows

_PUBLISHED, _MEASURED, _PEER = "published", "measured", "peer, measured"


def write_outcome(outcome: Outcome, options: Options) -> None:
    """Write the table as ``.md``, ``.csv`` and ``.json`` (:meth:`Options.stem`), each whole or not at all."""
    stem = options.stem(outcome.plan.name)
    write_text(stem.with_suffix(".md"), markdown(outcome))
    rows = list(_long_rows(outcome))
    if rows:
        write_rows(stem.with_suffix(".csv"), rows)
    write_json(stem.with_suffix(".json"), as_dict(outcome, options))


def _header(outcome: Outcome) -> list[str]:
    """The columns of the printed table."""
    plan = outcome.plan
    columns = ["method", "source"]
    for target in plan.targets:
        columns += [f"{target.title} {metric.upper()}" for metric in plan.metrics]
        if outcome.has_oracle:
            columns.append(f"{target.title} SRCC (oracle: best epoch on the target)")
    return columns + [f"average {metric.upper()}" for metric in plan.metrics if plan.average]


def _table_rows(outcome: Outcome) -> list[list[str]]:
    """The rows of the printed table: each measured row below the published one that it stands beside."""
    measured = {printed: key for key, _, printed in outcome.rows if printed is not None}
    own = {key: title for key, title, _ in outcome.rows}
    rows: list[list[str]] = []
    for entry in _published(outcome):
        rows.append(_published_cells(outcome, entry))
        if entry.method in measured:
            key = measured[entry.method]
            rows.append(_measured_cells(outcome, key, own.pop(key)))
    rows += [_measured_cells(outcome, key, title) for key, title in own.items()]
    return rows


def summary(outcome: Outcome) -> tuple[list[str], list[list[str]]]:
    """The measured rows, a line for each target, for a terminal: columns, and cells."""
    plan = outcome.plan
    columns = ["method", "target"]
    for metric in plan.metrics:
        columns += [f"{metric.upper()}, published", "measured"]
    columns += ["SRCC, oracle: best epoch on the target"] * outcome.has_oracle
    printed = {entry.method: entry for entry in _published(outcome)}
    rows = []
    for key, title, beside in outcome.rows:
        entry = printed.get(beside or "")
        for target, at in _positions(outcome):
            cells = [title, target.title]
            for number, metric in enumerate(plan.metrics):
                cells.append(_text(entry.numbers[at][number] if entry else None))
                cells.append(_text(outcome.number(key, target, metric)))
            if outcome.has_oracle:
                cells.append(_text(outcome.number(key, target, "srcc", oracle=True)))
            rows.append(cells)
        if plan.average:
            cells = [title, "average"]
            for number, metric in enumerate(plan.metrics):
                cells.append(_text(entry.average[number] if entry and entry.average else None))
                cells.append(_text(outcome.average(key, metric)))
            rows.append(cells + [""] * outcome.has_oracle)
    return columns, rows


def markdown(outcome: Outcome) -> str:
    """The table for people, with the protocol of every number."""
    plan = outcome.plan
    columns = _header(outcome)
    lines = [f"# {plan.title}", ""]
    if outcome.done < outcome.cells:
        lines += [f"**Unfinished: {outcome.done} of {outcome.cells} runs are done.** The same command goes on.", ""]
    lines += [f"> {note}" + "\n" for note in outcome.notes]
    lines += [_line(columns), _line(["---"] * len(columns)), *map(_line, _table_rows(outcome)), ""]
    lines += [
        "Measured cells are the mean ± standard deviation over seeds; within a database, the median ± standard "
        "deviation over splits. The last epoch is reported.",
        "",
    ]
    if outcome.measured:
        lines += ["## Protocol", ""]
        for key, title, _ in outcome.rows:
            for target in plan.targets:
                lines += [f"- {title}, {target.title}: {text}" for text in outcome.protocols(key, target)]
        lines.append("")
    if outcome.not_run:
        lines += ["## Not run, or not whole", "", *(f"- {reason}" for reason in outcome.not_run), ""]
    return "\n".join(lines)


def as_dict(outcome: Outcome, options: Options) -> dict[str, Any]:
    """The table for programs: cells, runs, protocols and what could not be run."""
    return {
        "table": outcome.plan.name,
        "title": outcome.plan.title,
        "options": {name: str(value) if isinstance(value, Path) else value for name, value in asdict(options).items()},
        "runs": outcome.cells,
        "runs_done": outcome.done,
        "runs_failed": outcome.failures,
        "notes": outcome.notes,
        "cells": list(_long_rows(outcome)),
        "measured": [asdict(entry) for entry in outcome.measured],
        "not_run": outcome.not_run,
    }


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _published(outcome: Outcome) -> tuple[Published, ...]:
    return published_rows(outcome.plan.name, len(TABLES[outcome.plan.name].targets))


def _positions(outcome: Outcome) -> Iterator[tuple[Target, int]]:
    """The targets asked for, and where the paper prints them."""
    every = TABLES[outcome.plan.name].targets
    for target in outcome.plan.targets:
        yield target, every.index(target)


def _published_cells(outcome: Outcome, entry: Published) -> list[str]:
    metrics = outcome.plan.metrics
    cells = [entry.method, _PUBLISHED]
    for _, at in _positions(outcome):
        cells += [_text(value) for value in entry.numbers[at][: len(metrics)]]
        cells += [""] * outcome.has_oracle
    if outcome.plan.average:
        cells += [_text(value) for value in (entry.average or (None, None))[: len(metrics)]]
    return cells


def _measured_cells(outcome: Outcome, key: str, title: str) -> list[str]:
    plan = outcome.plan
    cells = [title, _source(outcome, key)]
    for target in plan.targets:
        cells += [_text(outcome.number(key, target, metric)) for metric in plan.metrics]
        if outcome.has_oracle:
            cells.append(_text(outcome.number(key, target, "srcc", oracle=True)))
    if plan.average:
        cells += [_text(outcome.average(key, metric)) for metric in plan.metrics]
    return cells


def _source(outcome: Outcome, key: str) -> str:
    return _PEER if key in dict(outcome.peers) else _MEASURED


def _text(value: Number | str | None) -> str:
    return "-" if value is None else str(value)


def _long_rows(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """One record for each number: the form that other programs like."""
    for entry in _published(outcome):
        for target, at in _positions(outcome):
            for metric, value in zip(("srcc", "plcc"), entry.numbers[at], strict=True):
                if value is not None:
                    yield _record(outcome, entry.method, _PUBLISHED, target.key, metric, Number(float(value), None, 1))
        for metric, value in zip(("srcc", "plcc"), entry.average or (None, None), strict=True):
            if value is not None and outcome.plan.average:
                yield _record(outcome, entry.method, _PUBLISHED, "average", metric, Number(float(value), None, 1))
    for key, title, _ in outcome.rows:
        source = _source(outcome, key)
        for metric in METRICS:
            for target in outcome.plan.targets:
                for oracle in (False, True):
                    number = outcome.number(key, target, metric, oracle)
                    if number is not None:
                        name = f"{source}, oracle: best epoch on the target" if oracle else source
                        yield _record(outcome, title, name, target.key, metric, number)
            average = outcome.average(key, metric) if outcome.plan.average else None
            if average is not None:
                yield _record(outcome, title, source, "average", metric, average)


def _record(outcome: Outcome, method: str, source: str, target: str, metric: str, number: Number) -> dict[str, Any]:
    return {
        "table": outcome.plan.name,
        "method": method,
        "source": source,
        "target": target,
        "metric": metric,
        "value": number.value,
        "sd": number.sd,
        "runs": number.runs,
    }
