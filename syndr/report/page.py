"""From blocks to one self-contained HTML file: its own script and no other, no link, no request; everything escaped."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

import syndr
from syndr.errors import InputError
from syndr.files import write_text
from syndr.report.blocks import Block, Page
from syndr.report.cells import format_cell, numeric_columns
from syndr.report.chart import bars_chart, histogram_chart, plot_chart
from syndr.report.data import FIRST_ROWS, json_text, map_data, table_data

_SCRIPTS = ("tables.js", "cursor.js", "map.js", "page.js")


def render(page: Page) -> str:
    """Give a page as HTML.

    Raises:
        InputError: When a picture is neither PNG, JPEG nor WebP.
    """
    script = _script()
    return _template().render(
        page=page,
        version=syndr.__version__,
        style=Markup(_asset("page.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
    )


def write(page: Page, path: str | Path) -> None:
    """Write a page as an HTML file, whole or not at all; errors as :func:`render`."""
    write_text(path, render(page))


def data_uri(image: bytes) -> str:
    """Give a PNG, JPEG or WebP file as a ``data:`` URI.

    Raises:
        InputError: For any other kind of bytes.
    """
    kind = _image_type(image)
    if kind is None:
        raise InputError("a picture of the report must be the bytes of a PNG, JPEG or WebP file")
    return f"data:{kind};base64,{base64.b64encode(image).decode('ascii')}"


def _image_type(image: bytes) -> str | None:
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if image.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if image[:4] == b"RIFF" and image[8:12] == b"WEBP" else None


@cache
def _asset(name: str) -> str:
    return files("syndr.report").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    """Give the page's one script; its hash in the page's policy lets it run, and nothing that data might smuggle in."""
    return '"use strict";\n' + "\n".join(_asset(name) for name in _SCRIPTS)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("syndr.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "kind": _kind,
        "cell": format_cell,
        "numeric": numeric_columns,
        "data_uri": data_uri,
        "histogram_chart": histogram_chart,
        "bars_chart": bars_chart,
        "plot_chart": plot_chart,
        "table_data": lambda table: Markup(json_text(table_data(table))),
        "map_data": lambda plan: Markup(json_text(map_data(plan, data_uri))),
    }
    environment.globals["first_rows"] = FIRST_ROWS
    return environment.get_template("page.html")


def _kind(block: Block) -> str:
    return type(block).__name__
