"""What a page of the report is made of: plain data, no markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError

#: A number, a text, a truth value, or None for what does not exist. NumPy scalars count as what they hold.
Cell = Any


@dataclass(frozen=True)
class Text:
    """A paragraph; ``warning`` sets it off as something the reader must not miss."""

    paragraph: str
    warning: bool = False


@dataclass(frozen=True)
class Table:
    """A table; columns that hold nothing but numbers are set flush right in tabular figures.

    Attributes:
        columns: Headings.
        rows: One cell per column.
        caption: What the table shows.
        note: What the reader must know about it, such as how many rows were left out.
        highlighted: Positions of rows to mark.
        decimals: Digits after the point of its floats.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str
    note: str = ""
    highlighted: frozenset[int] = frozenset()
    decimals: int = 4

    def __post_init__(self) -> None:
        """Check that every row has a cell for every column."""
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise InputError(f"table {self.caption!r}: row {number} has {len(row)} of {len(self.columns)} cells")


@dataclass(frozen=True)
class Facts:
    """Names and values in a grid; ``headline`` makes the values large, for the few that matter most."""

    pairs: Mapping[str, Cell]
    headline: bool = False


@dataclass(frozen=True, eq=False)
class Histogram:
    """How values are distributed, with a subset of them in front and thresholds as labelled lines.

    Attributes:
        values: (n,) numbers; those that are not finite are left out, and counted below the picture.
        caption: What is shown.
        x_label: Name and unit of the values.
        bins: As :func:`numpy.histogram` takes them: a number of bins, or ascending edges.
        markers: (value, label) of each line to draw.
        highlighted: (n,) bool, the subset; None for none.
        highlighted_label: What the subset is.
        unit: What is counted, in the plural.
    """

    values: npt.ArrayLike
    caption: str
    x_label: str
    bins: int | Sequence[float] = 40
    markers: Sequence[tuple[float, str]] = ()
    highlighted: npt.ArrayLike | None = None
    highlighted_label: str = ""
    unit: str = "values"

    def __post_init__(self) -> None:
        """Check that the subset is one of these values."""
        if self.highlighted is not None and np.shape(self.highlighted) != np.shape(self.values):
            raise InputError(
                f"histogram {self.caption!r}: highlighted has shape {np.shape(self.highlighted)}, "
                f"values have {np.shape(self.values)}"
            )


@dataclass(frozen=True)
class Bars:
    """One horizontal bar per label.

    Attributes:
        labels: Names of the bars.
        values: Their lengths; None or NaN where there is no value.
        caption: What is shown.
        parts: A part of each value, drawn in front of it; None for none.
        part_label: What the parts are.
        whole_label: What the values are; needed beside ``part_label`` only.
        errors: (low, high) ends of an interval around each value; None or NaN for none.
        decimals: Digits after the point of the values that are floats.
    """

    labels: Sequence[str]
    values: Sequence[float | None]
    caption: str
    parts: Sequence[float] | None = None
    part_label: str = ""
    whole_label: str = ""
    errors: Sequence[tuple[float, float] | None] | None = None
    decimals: int = 4

    def __post_init__(self) -> None:
        """Check that everything has one entry per label."""
        for name in ("values", "parts", "errors"):
            given = getattr(self, name)
            if given is not None and len(given) != len(self.labels):
                raise InputError(f"bars {self.caption!r}: {len(given)} {name} for {len(self.labels)} labels")


@dataclass(frozen=True, eq=False)
class Plot:
    """Points in the plane: a scatter plot, or a curve when they are ``joined``.

    Attributes:
        x: (n,) numbers; points with a coordinate that is not finite are left out.
        y: (n,) numbers.
        caption: What is shown.
        x_label: Name and unit of ``x``.
        y_label: Name and unit of ``y``.
        joined: Whether neighbours are joined by a line.
        diagonal: Whether both axes share one scale and the line ``y = x`` is drawn.
    """

    x: npt.ArrayLike
    y: npt.ArrayLike
    caption: str
    x_label: str
    y_label: str
    joined: bool = False
    diagonal: bool = False

    def __post_init__(self) -> None:
        """Check that every point has both coordinates."""
        if np.shape(self.x) != np.shape(self.y):
            raise InputError(f"plot {self.caption!r}: x has shape {np.shape(self.x)}, y has {np.shape(self.y)}")


@dataclass(frozen=True)
class Picture:
    """A thumbnail.

    Attributes:
        image: Bytes of a PNG or JPEG file; None for a picture that cannot be shown.
        caption: What stands below it.
        mark: A word on it, such as "dropped".
        faded: Whether it is drawn pale, as something that is gone.
    """

    image: bytes | None
    caption: str
    mark: str = ""
    faded: bool = False


@dataclass(frozen=True)
class Gallery:
    """Thumbnails side by side."""

    items: Sequence[Picture]
    caption: str


Block = Text | Table | Facts | Histogram | Bars | Plot | Gallery


@dataclass(frozen=True)
class Section:
    """A part of a page with its own heading."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """A whole page."""

    title: str
    subtitle: str
    sections: Sequence[Section]
