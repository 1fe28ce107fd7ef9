"""What larger sets would cost, from the rates that were measured."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syndr.plan import Machines, plan, read_rates
from syndr.plan.units import duration, size

#: Bytes a row needs where there is no room for its copy of one byte per dim (see syndr.search.ExactSearch).
LEAN_BYTES = 256

SIZES = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
CORES = 64  # of the larger machine that the table looks at

_GROUP = re.compile(r"components, ([\d,]+) x (\d+),.* (with|without) labels")


@dataclass(frozen=True)
class Measured:
    """One set that was searched."""

    rows: int
    dims: int
    labels: bool
    seconds: float
    bytes_added: float | None


@dataclass(frozen=True)
class Rates:
    """How a search grows with its rows: seconds = linear * rows + quadratic * rows^2.

    Attributes:
        linear: Seconds for each row (rotation, sorting, copies); 0 where only one size was measured.
        quadratic: Seconds for each square of rows; with one size only it bears all of the time, and large sets come
            out too dear rather than too cheap.
    """

    linear: float
    quadratic: float

    def seconds(self, rows: int) -> float:
        """Give the seconds for so many rows, on the machine that was measured."""
        return self.linear * rows + self.quadratic * rows * rows


def measured_in(result: Mapping[str, Any]) -> list[Measured]:
    """Give the searches of one set in a result file, with and without labels, in order of rows."""
    found = []
    for entry in result["benchmarks"]:
        match = _GROUP.fullmatch(entry["group"])
        if match and entry["extra_info"]["ours"]:
            memory = entry["extra_info"].get("rss_anon")
            found.append(
                Measured(
                    rows=int(match[1].replace(",", "")),
                    dims=int(match[2]),
                    labels=match[3] == "with",
                    seconds=entry["stats"]["median"],
                    bytes_added=memory["added_mib"] * 2**20 if memory else None,
                )
            )
    return sorted(found, key=lambda each: each.rows)


def rates_from(searches: Iterable[Measured]) -> Rates:
    """Give the rates that pass through the two largest sizes; neither term is let below zero."""
    *_, smaller, larger = [None, *sorted(searches, key=lambda each: each.rows)]
    assert larger is not None, "no search was measured"
    if smaller is None:
        return Rates(0.0, larger.seconds / larger.rows**2)
    per_row, of_larger = smaller.seconds / smaller.rows, larger.seconds / larger.rows
    quadratic = max((of_larger - per_row) / (larger.rows - smaller.rows), 0.0)
    linear = of_larger - quadratic * larger.rows
    return Rates(linear, quadratic) if linear >= 0 else Rates(0.0, larger.seconds / larger.rows**2)


def costs_table(results: Iterable[Path]) -> str:
    """Give two Markdown tables, time and space of one exact search at :data:`SIZES` rows.

    Args:
        results: Result files, ``search.json`` among them.
    """
    result = json.loads(next(path for path in results if path.name == "search.json").read_text())
    searches = measured_in(result)
    cores, dims = result["machine_info"]["cores"], searches[-1].dims
    rates = {labels: rates_from(each for each in searches if each.labels is labels) for labels in (True, False)}
    copies = max(each.bytes_added / each.rows for each in searches if each.bytes_added)
    machines = [(labels, on) for labels in (True, False) for on in (cores, CORES)]
    times = {
        "rows": [f"{rows:,}" for rows in SIZES],
        **{
            f"{'with' if labels else 'without'} labels, {on} cores": [
                duration(rates[labels].seconds(rows) * cores / on) for rows in SIZES
            ]
            for labels, on in machines
        },
    }
    spaces = {
        "rows": times["rows"],
        "memory, in full": [gigabytes(rows * copies) for rows in SIZES],
        "memory, lean": [gigabytes(rows * LEAN_BYTES) for rows in SIZES],
        f"features on disk ({dims:,} dims, float16)": [gigabytes(rows * 2 * dims) for rows in SIZES],
    }
    return f"{_markdown(times)}\n\n{_markdown(spaces)}"


def plan_table() -> str:
    """Give Markdown tables, what ``syndr plan`` says at :data:`SIZES` rows, on one machine and on sixteen."""
    rates = read_rates()
    tables = []
    for nodes, title in ((1, "One machine"), (16, "Sixteen machines")):
        machines = Machines(nodes=nodes, cpus=CORES * nodes, gpus=0, memory=256e9)
        columns: dict[str, list[str]] = {name: [] for name in ("rows", "stage", "time", "memory", "disk", "network")}
        for rows in SIZES:
            for stage in plan(rows, 2048, machines, rates).stages:
                sizes = [size(each) for each in (stage.memory, stage.disk, stage.network)]
                for name, cell in zip(columns, [f"{rows:,}", stage.name, duration(stage.seconds), *sizes], strict=True):
                    columns[name].append(cell)
        tables.append(f"**{title}**\n\n{_markdown(columns)}")
    return "\n\n".join(tables)


def _markdown(columns: Mapping[str, list[str]]) -> str:
    lines = [list(columns), ["---:"] * len(columns), *zip(*columns.values(), strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def gigabytes(size: float) -> str:
    """Give a size in GB (10^9 bytes) with two digits."""
    return f"{float(f'{size / 1e9:.2g}'):,g} GB"
