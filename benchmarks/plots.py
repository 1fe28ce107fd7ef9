"""Plots of the suites' results: each contestant's time as a multiple of ours, losses in their own colour."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

OURS, SLOWER, FASTER = "#3f51b5", "#9e9e9e", "#e65100"
_PAGE, _ROOM = 14, 0.36  # bars on one picture at most; inches for each


def plots_of(results: Iterable[Path]) -> dict[str, str]:
    """Draw the works that have both our time and a peer's.

    Args:
        results: Result files of ``python -m benchmarks``.

    Returns:
        SVG texts by name: the suite's, with a number behind it where a suite needs several pictures.
    """
    pictures = {}
    for path in sorted(results):
        parts = _split(_compared(json.loads(path.read_text())))
        for number, works in enumerate(parts, 1):
            name = path.stem if len(parts) == 1 else f"{path.stem}-{number}"
            pictures[name] = _drawn(works)
    return pictures


def ratios(entries: list[dict[str, Any]]) -> list[tuple[str, float, bool]]:
    """Give (contestant, its median over ours, whether it is ours), fastest first."""
    ours = next(_per_item(entry) for entry in entries if entry["extra_info"]["ours"])
    found = [
        (entry["extra_info"]["contestant"], _per_item(entry) / ours, bool(entry["extra_info"]["ours"]))
        for entry in entries
    ]
    return sorted(found, key=lambda each: each[1])


def _per_item(entry: dict[str, Any]) -> float:
    return entry["stats"]["median"] / (entry["extra_info"]["items"] or 1)


def _compared(result: dict[str, Any]) -> dict[str, list[tuple[str, float, bool]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in result["benchmarks"]:
        groups.setdefault(entry["group"], []).append(entry)
    return {
        work: ratios(entries)
        for work, entries in groups.items()
        if len({entry["extra_info"]["ours"] for entry in entries}) == 2
    }


def _split(works: dict[str, Any]) -> list[dict[str, Any]]:
    """Deal works to pictures, in order, so that none has many more bars than :data:`_PAGE`."""
    parts: list[dict[str, Any]] = []
    bars = _PAGE
    for work, entries in works.items():
        if bars + len(entries) > _PAGE:
            parts.append({})
            bars = 0
        parts[-1][work] = entries
        bars += len(entries)
    return parts


def _drawn(works: dict[str, list[tuple[str, float, bool]]]) -> str:
    # The same bytes at every build: no date, and ids from a fixed salt. Text stays text, so that it can be read aloud.
    with matplotlib.rc_context({"svg.hashsalt": "syndr", "svg.fonttype": "none", "font.size": 9}):
        rows = sum(len(entries) + 1 for entries in works.values())
        figure = Figure(figsize=(8.5, 0.8 + _ROOM * rows), layout="constrained")
        axes = figure.subplots()
        place, ticks, names = 0, [], []
        for work, entries in works.items():
            axes.text(0, place, work, transform=axes.get_yaxis_transform(), va="center", weight="bold")
            for contestant, ratio, ours in entries:
                place += 1
                color = OURS if ours else FASTER if ratio < 1 else SLOWER
                axes.plot([1, ratio], [place, place], color=color, linewidth=5, solid_capstyle="butt")
                axes.plot([ratio], [place], "o", color=color)
                axes.annotate(f"{ratio:.3g}", (max(ratio, 1), place), (8, 0), textcoords="offset points", va="center")
                ticks.append(place)
                names.append(contestant)
            place += 1
        axes.set_xscale("log")
        low, high = np.array(axes.get_xlim()) * [0.8, 2.0]
        axes.set_xlim(low, high)
        axes.axvline(1, color=OURS, linewidth=0.8)
        axes.set_yticks(ticks, names)
        axes.set_ylim(place - 0.4, -0.5)  # the titles stand on lines of their own
        axes.set_xlabel("time as a multiple of ours (log scale); left of the line a peer is faster")
        axes.spines[["top", "right"]].set_visible(False)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None}, facecolor="white")
    return text.getvalue()
