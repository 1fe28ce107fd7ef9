"""What a page of the report is made of: plain data, no markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError

#: A number, a text, a truth value, or None for what does not exist. NumPy scalars count as what they hold.
Cell = Any

#: What a colour says: it stayed, it was dropped, it is new, none of these; or it is one of several reasons.
Tone = Literal["kept", "gone", "added", "other", "first", "second", "third", "fourth"]


@dataclass(frozen=True)
class Text:
    """A paragraph; ``warning`` sets it off as something the reader must not miss, below a ``heading`` of its own."""

    paragraph: str
    warning: bool = False
    heading: str = ""


@dataclass(frozen=True)
class Share:
    """A part of a whole."""

    label: str
    number: int
    tone: Tone = "other"


@dataclass(frozen=True)
class Verdict:
    """What became of a whole, for the reader who has a minute: a sentence, a bar of its parts, and the reasons.

    Attributes:
        figure: The number that matters most.
        claim: The rest of its sentence.
        parts: What the whole falls into, in the bar's order.
        reasons: Sentences below the bar.
    """

    figure: str
    claim: str
    parts: Sequence[Share] = ()
    reasons: Sequence[str] = ()


@dataclass(frozen=True)
class Table:
    """A table; columns that hold nothing but numbers are set flush right in tabular figures.

    On the screen a table of more than a few rows can be searched and sorted, and is shown page by page.

    Attributes:
        columns: Headings.
        rows: One cell per column.
        caption: What the table shows.
        note: What the reader must know about it, such as how many rows were left out.
        highlighted: Positions of rows to mark.
        decimals: Digits after the point of its floats.
        column_decimals: The same for some columns, by their headings.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str
    note: str = ""
    highlighted: frozenset[int] = frozenset()
    decimals: int = 4
    column_decimals: Mapping[str, int] = field(default_factory=dict)

    def decimals_of(self, column: int) -> int:
        """Give the digits after the point of a column's floats."""
        return self.column_decimals.get(self.columns[column], self.decimals)

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
        bins: As :func:`numpy.histogram` takes them: a number of bins, or ascending edges. A number of bins is laid out
            so that the first line falls between two of them, and may become one more.
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
        x_label: Name and unit of the values; with it an axis is drawn.
        x_range: What the axis covers at least.
    """

    labels: Sequence[str]
    values: Sequence[float | None]
    caption: str
    parts: Sequence[float] | None = None
    part_label: str = ""
    whole_label: str = ""
    errors: Sequence[tuple[float, float] | None] | None = None
    decimals: int = 4
    x_label: str = ""
    x_range: tuple[float, float] | None = None

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
        from_zero: Whether the vertical axis begins at zero.
    """

    x: npt.ArrayLike
    y: npt.ArrayLike
    caption: str
    x_label: str
    y_label: str
    joined: bool = False
    diagonal: bool = False
    from_zero: bool = False

    def __post_init__(self) -> None:
        """Check that every point has both coordinates."""
        if np.shape(self.x) != np.shape(self.y):
            raise InputError(f"plot {self.caption!r}: x has shape {np.shape(self.x)}, y has {np.shape(self.y)}")


@dataclass(frozen=True)
class Picture:
    """A thumbnail.

    Attributes:
        image: Bytes of a PNG, JPEG or WebP file; None for a picture that cannot be shown.
        caption: What stands below it.
        mark: A word on it, such as "dropped".
        gone: Whether it shows something that was dropped: it gets a frame in that colour.
        detail: A second line below the caption.
    """

    image: bytes | None
    caption: str
    mark: str = ""
    gone: bool = False
    detail: str = ""


@dataclass(frozen=True)
class Gallery:
    """Thumbnails side by side."""

    items: Sequence[Picture]
    caption: str


@dataclass(frozen=True)
class Card:
    """A group of pictures that belong together, with how many of them stayed.

    Attributes:
        title: Its name.
        kept: How many stayed.
        size: How many there were.
        facts: What else is known of it, each a phrase.
        pictures: Some of its members; the card says how many of them are shown.
        warning: A word or two that the reader must not miss; empty for nothing.
    """

    title: str
    kept: int
    size: int
    facts: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    warning: str = ""


@dataclass(frozen=True)
class Cards:
    """Groups of pictures below each other."""

    items: Sequence[Card]
    caption: str
    note: str = ""


@dataclass(frozen=True, eq=False)
class Scale:
    """Colours along a range: (n,) numbers, NaN where unknown."""

    label: str
    values: npt.ArrayLike


@dataclass(frozen=True)
class Classes:
    """One colour for each class.

    Attributes:
        label: What the classes are.
        values: (n,) the class of each point; None where unknown.
        tones: Classes whose colours have a meaning; the others get colours of their own, in the order of ``names``.
        names: The classes in the order of the legend; ascending when not given.
    """

    label: str
    values: Sequence[str | None]
    tones: Mapping[str, Tone] = field(default_factory=dict)
    names: Sequence[str] | None = None


@dataclass(frozen=True, eq=False)
class Map:
    """Points in the plane, each of them something: one colouring at a time, and what it is when it is pointed at.

    Attributes:
        x: (n,) finite numbers.
        y: (n,) finite numbers.
        names: (n,) what each point is.
        caption: What is shown.
        colourings: What the reader may colour the points by; the first one is shown at first.
        pictures: PNG, JPEG or WebP files of some points, by number.
        note: How the places were found, and what was left out.
        details: (n,) what else is said of each point; empty for nothing.
    """

    x: npt.ArrayLike
    y: npt.ArrayLike
    names: Sequence[str]
    caption: str
    colourings: Sequence[Scale | Classes]
    pictures: Mapping[int, bytes] = field(default_factory=dict)
    note: str = ""
    details: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Check that everything has one entry per point."""
        count = len(self.names)
        properties: list[tuple[str, Any]] = [("x", self.x), ("y", self.y)]
        if self.details:
            properties.append(("details", self.details))
        for what, given in (*properties, *((colouring.label, colouring.values) for colouring in self.colourings)):
            if np.shape(given) != (count,):
                raise InputError(f"map {self.caption!r}: {what} has shape {np.shape(given)} for {count} points")
        if not (np.isfinite(self.x).all() and np.isfinite(self.y).all()):
            raise InputError(f"map {self.caption!r}: a point has no finite place")


@dataclass(frozen=True)
class Folded:
    """Blocks that are shown when they are asked for, and printed."""

    title: str
    blocks: Sequence[Block]


Block = Text | Verdict | Table | Facts | Histogram | Bars | Plot | Gallery | Cards | Map | Folded


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
