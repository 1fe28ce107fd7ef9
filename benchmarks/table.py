"""From the suites' JSON to the table that people read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

BEGIN, END = "<!-- results: begin (python -m benchmarks writes what follows) -->", "<!-- results: end -->"

_HEAD = (
    "work",
    "contestant",
    "median",
    "quartiles",
    "CPU time",
    "items/s",
    "times ours",
    "peak RssAnon (added)",
    "remarks",
)


def render(files: Iterable[Path]) -> str:
    """Give the tables of result files, in Markdown."""
    return "\n\n".join(_suite(path.stem, json.loads(path.read_text())) for path in sorted(files))


def publish(readme: Path, files: Iterable[Path]) -> None:
    """Put the tables between the markers of a page."""
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} has lost the markers that the table goes between: {BEGIN} and {END}")
    readme.write_text(f"{before}{BEGIN}\n\n{render(files)}\n\n{END}{after}")


def _suite(name: str, result: dict[str, Any]) -> str:
    lines = [f"### {name}", "", describe(result["machine_info"], result["commit_info"]), ""]
    if result["quick"]:
        lines += ["A quick run: its numbers say that the suite works, nothing more.", ""]
    lines += [" ".join(result["remarks"]), ""] if result["remarks"] else []
    lines += [_row(_HEAD), _row("---" for _ in _HEAD)]
    wins: list[str] = []
    peers = any(not entry["extra_info"]["ours"] for entry in result["benchmarks"])
    for work, group in _grouped((entry["group"], entry) for entry in result["benchmarks"]).items():
        ours = next((entry for entry in group if entry["extra_info"]["ours"]), None)
        for entry in group:
            lines.append(_row([work, *_cells(entry, ours)]))
            if ours is not None and not entry["extra_info"]["ours"]:
                wins += [f"{entry['extra_info']['contestant']} {how} ({work})" for how in _beats(entry, ours)]
    if peers:
        lines += ["", f"Where a peer wins: {'; '.join(wins) or 'nowhere in this run'}."]
    for reason, names in _grouped((each["reason"], each["name"]) for each in result["absent"]).items():
        lines += ["", f"Not measured ({reason}): {', '.join(names)}."]
    return "\n".join(lines)


def _grouped(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(entry: dict[str, Any], ours: dict[str, Any] | None) -> list[str]:
    stats, extra = entry["stats"], entry["extra_info"]
    rate = f"{extra['items'] / stats['median']:,.3g}" if extra["items"] else ""
    memory, on_gpu = extra.get("rss_anon"), extra.get("gpu_peak_mib")
    weight = f"{memory['peak_mib']:,.0f} MiB ({memory['added_mib']:,.0f})" if memory else ""
    return [
        extra["contestant"],
        _seconds(stats["median"]),
        f"{_seconds(stats['q1'])} - {_seconds(stats['q3'])}",
        _seconds(extra["cpu_seconds"]),
        rate,
        _ratio(entry, ours),
        f"GPU {on_gpu:,} MiB" if on_gpu else weight,
        _remark(extra.get("difference")),
    ]


def _ratio(entry: dict[str, Any], ours: dict[str, Any] | None) -> str:
    if ours is None or entry is ours:
        return "1" if entry is ours else ""
    mine, other = (_per_item(each) for each in (ours, entry))
    shown = f"{other['median'] / mine['median']:.3g} ({other['q1'] / mine['q3']:.3g} - {other['q3'] / mine['q1']:.3g})"
    return f"**{shown}**" if other["median"] < mine["median"] and not entry["extra_info"]["ours"] else shown


def _beats(entry: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    how = ["is faster"] if _per_item(entry)["median"] < _per_item(ours)["median"] else []
    memory, mine = (each["extra_info"].get("rss_anon") for each in (entry, ours))
    return [*how, "needs less memory"] if memory and mine and memory["added_mib"] < mine["added_mib"] else how


def _per_item(entry: dict[str, Any]) -> dict[str, float]:
    return {key: entry["stats"][key] / (entry["extra_info"]["items"] or 1) for key in ("median", "q1", "q3")}


def _seconds(value: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if value * scale >= 1:
            return f"{value * scale:.3g} {unit}"
    return f"{value * 1e6:.3g} µs"


def _remark(difference: dict[str, Any] | None) -> str:
    if difference is None:
        return ""
    if difference["rows_apart"] == 0:
        return "the exact result"
    apart = f"{difference['rows_apart']} rows differ from the exact result"
    margin = difference.get("explained_by")
    if margin is None:
        return apart
    return f"{apart}; {difference['pairs_within']} pairs lie within {margin:g} of the radius, which explains it"
