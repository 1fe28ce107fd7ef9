"""How a value of a table or a fact is written."""

from __future__ import annotations

from math import isfinite
from numbers import Integral, Real

import numpy as np

from syndr.report.blocks import Cell, Table

#: A number from ten upwards has this many digits in all, and no more after the point than that leaves.
_DIGITS = 5


def format_cell(value: Cell, decimals: int = 4) -> str:
    """Give a cell's text: grouped thousands, fixed decimals, a dash for None and NaN.

    Args:
        value: The cell.
        decimals: Digits after the point of a float, fewer for one from ten upwards (1,234.6 and not 1,234.5679); one
            that they would show as zero is given as ``<0.0001``.
    """
    if value is None or (isinstance(value, Real) and value != value):
        return "–"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return f"{int(value):,}".replace("-", "−")
    if isinstance(value, Real):
        return _format_float(float(value), decimals).replace("-", "−")
    return str(value)


def _format_float(value: float, decimals: int) -> str:
    if isfinite(value) and abs(value) >= 10:
        decimals = max(0, min(decimals, _DIGITS - len(str(int(abs(value))))))
    if value == 0:
        return "0"
    text = f"{value:,.{decimals}f}"
    if text.strip("-0."):
        return text
    least = f"{10.0**-decimals:.{decimals}f}"
    return f"<{least}" if value > 0 else f">-{least}"


def numeric_columns(table: Table) -> list[bool]:
    """Tell which columns hold numbers and nothing else (but for missing ones)."""
    return [
        all(cell is None or (isinstance(cell, Real) and not isinstance(cell, (bool, np.bool_))) for cell in column)
        for column in zip(*table.rows, strict=True)
    ] or [False] * len(table.columns)
