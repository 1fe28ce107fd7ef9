"""How figures look and how they are written: the same bytes for the same figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from syndr.errors import InputError, require
from syndr.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NO_DATES = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None, "ModDate": None}}
_STYLE = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.linewidth": 0.6,
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,  # fonts as text that other programs can edit
    "svg.fonttype": "none",
    "svg.hashsalt": "syndr",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the figures' style, and leave matplotlib's own settings as they were.

    Raises:
        MissingExtraError: Without matplotlib.
    """
    with require("matplotlib", "figures").rc_context(_STYLE):
        yield


def check_figure_suffix(path: str | Path) -> None:
    """Raise InputError unless :func:`save_figure` can write a file of this name."""
    if Path(path).suffix.lower() not in _NO_DATES:
        raise InputError(f"{path}: figures are written as {', '.join(_NO_DATES)}")


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as ``.png`` (300 dpi), ``.svg`` or ``.pdf`` (by suffix), whole or not at all.

    Raises:
        InputError: For another suffix.
    """
    check_figure_suffix(path)
    with style(), atomic_path(path) as temporary:
        figure.savefig(temporary, metadata=_NO_DATES[temporary.suffix.lower()], bbox_inches="tight", pad_inches=0.03)
