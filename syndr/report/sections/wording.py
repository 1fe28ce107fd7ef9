"""What several sections say in the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from syndr.report.blocks import Text


def absent(stage: str, file: str | None = None) -> Text:
    """Say that a stage has left nothing to show, or not this file."""
    if file is None:
        return Text(f"The stage “{stage}” was not run in this folder, so there is nothing to show here.")
    return Text(f"The stage “{stage}” left no {file}, so what it holds cannot be shown here.")


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Give a number with its noun: ``1 cluster``, ``2,220 clusters``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def part(number: int, whole: int) -> str:
    """Give a part of a whole, ``24 of 81 (29.6%)``, that breaks before the bracket if it must."""
    return f"{number:,}\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}{whole:,}" + (
        f" ({100 * number / whole:.1f}%)" if whole else ""
    )


def duration(seconds: float) -> str:
    """Give a time in the units a person would use."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds >= 0.1 else "less than 0.1 s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def setting_text(value: Any) -> str:
    """Give a setting of the recipe as text: numbers as they would be written in a recipe, hashes shortened."""
    return _text(value, lambda number: f"{number:g}" if isinstance(number, float) else str(number))


def reported_text(value: Any) -> str:
    """Give what a stage or a search says of itself as text: numbers grouped and rounded."""
    return _text(value, lambda number: f"{number:,.4g}" if isinstance(number, float) else f"{number:,}")


def _text(value: Any, write: Callable[[int | float], str]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not set"
    if isinstance(value, int | float):
        return write(value)
    if isinstance(value, Mapping):
        known = {key: entry for key, entry in value.items() if entry is not None}
        texts = {key: _text(entry, duration if key == "seconds" else write) for key, entry in known.items()}
        return ", ".join(f"{key} {text}" for key, text in texts.items())
    if isinstance(value, (list, tuple)):
        return "; ".join(_text(entry, write) for entry in value) or "none"
    text = str(value)
    return f"{text[:19]}…" if text.startswith("sha256:") else text
