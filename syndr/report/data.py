"""What the page's script reads: tables and maps as JSON that is safe inside a ``<script>`` element."""

from __future__ import annotations

import json
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr.files import plain
from syndr.report.blocks import Cell, Classes, Map, Scale, Table
from syndr.report.cells import format_cell, numeric_columns

#: So many rows of a table stand in the page itself, for readers without a script and for paper.
FIRST_ROWS = 25
#: Places on a map are whole numbers up to this: finer than any screen.
_GRID = 8191
_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def json_text(value: Any) -> str:
    """Give a value as JSON without a character that could end a script or begin markup."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPED)


def table_data(table: Table) -> dict[str, Any]:
    """Give a table column by column: the values of numbers, the texts of all else.

    The script writes numbers as :func:`~syndr.report.cells.format_cell` does, from ``decimals``; a column that mixes
    whole numbers and others has its texts beside its numbers.
    """
    columns = []
    cells = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    for at, (name, column, numeric) in enumerate(zip(table.columns, cells, numeric_columns(table), strict=True)):
        decimals = table.decimals_of(at)
        if numeric:
            whole = {isinstance(cell, Integral) for cell in column if cell is not None}
            entry: dict[str, Any] = {"name": name, "numbers": [_number(cell) for cell in column]}
            if len(whole) > 1:
                entry["texts"] = [format_cell(cell, decimals) for cell in column]
            else:
                entry["decimals"] = 0 if whole == {True} else decimals
            columns.append(entry)
        else:
            columns.append({"name": name, "texts": [format_cell(cell, decimals) for cell in column]})
    return {"rows": len(table.rows), "columns": columns, "marked": sorted(table.highlighted)}


def _number(cell: Cell) -> int | float | None:
    if cell is None or cell != cell:
        return None
    # Seven significant digits: what is shown, and an order among those that are shown alike.
    return int(cell) if isinstance(cell, Integral) else float(f"{float(cell):.7g}")


def map_data(plan: Map, uri: Callable[[bytes], str]) -> dict[str, Any]:
    """Give a map's points, one list for each of their properties."""
    x, y, aspect = _on_grid(plan.x, plan.y)
    return {
        "x": x,
        "y": y,
        "aspect": aspect,
        "names": [str(name) for name in plan.names],
        "colourings": [_scale(c) if isinstance(c, Scale) else _classes(c) for c in plan.colourings],
        "pictures": {str(at): uri(image) for at, image in plan.pictures.items()},
        "details": [str(detail) for detail in plan.details],
    }


def _on_grid(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[list[int], list[int], float]:
    """Place points on a grid; the third is the extent's width over its height, so that it need not be square."""
    places = []
    spans = []
    for values in (np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)):
        low = values.min(initial=np.inf) if len(values) else 0.0
        span = float(np.ptp(values)) if len(values) else 0.0
        places.append(np.rint((values - low) * (_GRID / span if span > 0 else 0.0)).astype(int).tolist())
        spans.append(span)
    return places[0], places[1], float(spans[0] / spans[1]) if min(spans) > 0 else 1.0


def _scale(scale: Scale) -> dict[str, Any]:
    values = np.asarray(scale.values, dtype=np.float64)
    known = values[np.isfinite(values)]
    return {
        "label": scale.label,
        "low": float(known.min()) if len(known) else 0.0,
        "high": float(known.max()) if len(known) else 1.0,
        "values": [round(float(value), 3) if np.isfinite(value) else None for value in values],
    }


def _classes(classes: Classes) -> dict[str, Any]:
    names = list(classes.names or sorted({value for value in classes.values if value is not None}))
    number = {name: at for at, name in enumerate(names)}
    return {
        "label": classes.label,
        "classes": [{"name": name, "tone": classes.tones.get(name)} for name in names],
        "values": [None if value is None else number[value] for value in classes.values],
    }
