"""How results show themselves in a notebook: a small piece of HTML, everything in it escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

_CELL = "padding:2px 14px 2px 0;text-align:left"


def card(title: str, facts: Mapping[str, object], shares: Sequence[tuple[str, float, str]] = ()) -> str:
    """Lay out a result.

    Args:
        title: What it is.
        facts: Names and values; floats are shown to four digits, a missing value as a dash.
        shares: (label, number, CSS colour) of the parts of a bar above the facts.
    """
    rows = "".join(
        f'<tr><td style="{_CELL};opacity:.7">{escape(name)}</td><td style="{_CELL}">{escape(_text(value))}</td></tr>'
        for name, value in facts.items()
    )
    return (
        f'<div style="max-width:44em"><b>{escape(title)}</b>{_bar(shares)}'
        f'<table style="margin:4px 0;border-collapse:collapse">{rows}</table></div>'
    )


def curve(values: Sequence[float], label: str) -> str:
    """Draw numbers as a small line, first to last; nothing for fewer than two."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    points = " ".join(
        f"{4 + 292 * at / (len(values) - 1):.1f},{4 + 52 * (high - value) / span:.1f}"
        for at, value in enumerate(values)
    )
    return (
        f'<svg width="300" height="60" role="img" aria-label="{escape(label, quote=True)}">'
        f'<polyline points="{points}" fill="none" stroke="#1f6fb4" stroke-width="2"/></svg>'
    )


def _bar(shares: Sequence[tuple[str, float, str]]) -> str:
    total = sum(number for _, number, _ in shares)
    if not total:
        return ""
    parts = "".join(
        f'<span title="{escape(f"{label}: {number:,}", quote=True)}" '
        f'style="flex:{number} 1 0;background:{colour}"></span>'
        for label, number, colour in shares
        if number
    )
    return f'<div style="display:flex;gap:2px;height:12px;margin:6px 0;max-width:30em">{parts}</div>'


def _text(value: object) -> str:
    if value is None or value != value:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
