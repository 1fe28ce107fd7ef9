"""From blocks to one self-contained HTML file: no script, no link, no request; everything escaped."""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from jinja2 import Environment, StrictUndefined, Template

import syndr
from syndr.errors import InputError
from syndr.files import write_text
from syndr.report.blocks import Block, Cell, Page, Table
from syndr.report.chart import bars_chart, histogram_chart, plot_chart

_IMAGE_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def render(page: Page) -> str:
    """Give a page as HTML.

    Raises:
        InputError: When a picture is neither PNG nor JPEG.
    """
    return _template().render(page=page, version=syndr.__version__)


def write(page: Page, path: str | Path) -> None:
    """Write a page as an HTML file, whole or not at all; errors as :func:`render`."""
    write_text(path, render(page))


def format_cell(value: Cell, decimals: int = 4) -> str:
    """Give a cell's text: grouped thousands, fixed decimals, a dash for None and NaN.

    Args:
        value: The cell.
        decimals: Digits after the point of a float; one that they would show as zero is given as ``<0.0001``.
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
    text = f"{value:,.{decimals}f}"
    if value == 0 or text.strip("-0."):
        return text
    least = f"{10.0**-decimals:.{decimals}f}"
    return f"<{least}" if value > 0 else f">-{least}"


def data_uri(image: bytes) -> str:
    """Give a PNG or JPEG file as a ``data:`` URI.

    Raises:
        InputError: For any other kind of bytes.
    """
    for magic, kind in _IMAGE_TYPES.items():
        if image.startswith(magic):
            return f"data:{kind};base64,{base64.b64encode(image).decode('ascii')}"
    raise InputError("a picture of the report must be the bytes of a PNG or JPEG file")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "kind": _kind,
        "cell": format_cell,
        "numeric": _numeric_columns,
        "data_uri": data_uri,
        "histogram_chart": histogram_chart,
        "bars_chart": bars_chart,
        "plot_chart": plot_chart,
    }
    return environment.from_string(files("syndr.report").joinpath("page.html").read_text(encoding="utf-8"))


def _kind(block: Block) -> str:
    return type(block).__name__


def _numeric_columns(table: Table) -> list[bool]:
    """Tell which columns hold numbers and nothing else (but for missing ones)."""
    return [
        all(cell is None or (isinstance(cell, Real) and not isinstance(cell, (bool, np.bool_))) for cell in column)
        for column in zip(*table.rows, strict=True)
    ] or [False] * len(table.columns)
