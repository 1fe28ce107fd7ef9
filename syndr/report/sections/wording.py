"""What several sections say in the same words."""

from __future__ import annotations

from collections.abc import Mapping
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
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def setting_text(value: Any) -> str:
    """Give a setting of the recipe as text, hashes shortened."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not set"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {setting_text(entry)}" for key, entry in value.items())
    if isinstance(value, (list, tuple)):
        return "; ".join(setting_text(entry) for entry in value) or "none"
    text = str(value)
    return f"{text[:19]}…" if text.startswith("sha256:") else text
