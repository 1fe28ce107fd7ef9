"""A contact sheet of a picture's distortions, for people's eyes: types down, levels across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from syndr.distort import TYPES, Distortion, distort
from syndr.progress import Progress, silent, track

#: Pictures are scaled down to fit into a square of this side; smaller ones keep their size.
CELL = 256

_MARGIN, _GAP, _CAPTION = 28, 14, 24
_LABELS = 190  # width of the column with the types' names
_LEAST_COLUMN = 150  # so that a caption fits below a small picture
_LEAST_WIDTH = 520  # so that the heading fits above a single column
_PAPER, _INK, _FAINT, _LINE = "white", "#1a1a1a", "#5a5a5a", "#dddddd"


def contact_sheet(
    image: torch.Tensor,
    types: Sequence[int],
    levels: Sequence[int],
    seed: int = 0,
    name: str = "original",
    progress: Progress = silent,
) -> torch.Tensor:
    """Draw a picture and its distortions.

    The whole picture is distorted at its full size; the result is then scaled down for its place on the sheet.

    Args:
        image: uint8 (3, H, W), RGB, on the device that distorts.
        types: KADID types, one row each.
        levels: KADID levels, one column each.
        seed: The picture's seed, for the random types.
        name: What to call the picture, on the sheet and in errors.
        progress: Told of each finished row.

    Returns:
        uint8 (3, height, width), RGB, on the CPU.

    Raises:
        InputError: When the picture cannot be distorted: it is constant, or too small for a type.
    """
    original = _scaled(image)
    height, width = image.shape[-2:]
    sheet = _Sheet.laid_out(original.size, len(types), len(levels))
    facts = f"{width} x {height} pixels, seed {seed}"
    if original.size != (width, height):
        facts += f"; distorted at this size, then scaled to {original.width} x {original.height} for the sheet"
    sheet.heading(name, facts, original)
    batch, names = image.expand(len(levels), -1, -1, -1), [name] * len(levels)
    for row, number in enumerate(track(types, "distort", len(types), progress)):
        entry = TYPES[number]
        sheet.label(row, entry)
        pictures = distort(batch, number, levels, [seed] * len(levels), ids=names)
        for column, (level, picture) in enumerate(zip(levels, pictures, strict=True)):
            sheet.cell(row, column, _scaled(picture), caption(entry, level))
    return torch.from_numpy(np.array(sheet.canvas)).permute(2, 0, 1)


def caption(entry: Distortion, level: int) -> str:
    """Say what a level is: ``"level 3: sigma 1"``."""
    return f"level {level}: {entry.parameter} {entry.levels[level - 1]:g}"


def _scaled(image: torch.Tensor) -> Image.Image:
    picture = Image.fromarray(image.permute(1, 2, 0).contiguous().cpu().numpy())
    picture.thumbnail((CELL, CELL), Image.Resampling.LANCZOS, reducing_gap=None)
    return picture


@dataclass
class _Sheet:
    """Where everything stands."""

    canvas: Image.Image
    picture: tuple[int, int]  # width and height of a picture on the sheet

    @classmethod
    def laid_out(cls, picture: tuple[int, int], rows: int, columns: int) -> _Sheet:
        sheet = cls(Image.new("RGB", (1, 1)), picture)
        left, top = sheet._place(rows, columns)
        size = (max(left, _LEAST_WIDTH) - _GAP + _MARGIN, top - _GAP + _MARGIN)
        sheet.canvas = Image.new("RGB", size, _PAPER)
        return sheet

    def heading(self, title: str, facts: str, original: Image.Image) -> None:
        """Put the picture's name and the picture itself at the top."""
        right = self.canvas.width - _MARGIN
        self._write((_MARGIN, _MARGIN), _cut(title, 26, right - _MARGIN), 26, _INK)
        self._write((_MARGIN, _MARGIN + 36), _wrapped(facts, 15, right - _MARGIN), 15, _FAINT)
        left, top = self._place(-1, 0)
        self._write((_MARGIN, top), "original", 17, _INK)
        self.canvas.paste(original, (left, top))

    def label(self, row: int, entry: Distortion) -> None:
        """Name a row's type, below a line that parts it from the row above."""
        left, top = self._place(row, 0)
        line = top - _GAP
        ImageDraw.Draw(self.canvas).line((_MARGIN, line, self.canvas.width - _MARGIN, line), fill=_LINE)
        name = _wrapped(entry.name, 17, left - _MARGIN - _GAP)
        self._write((_MARGIN, top), str(entry.number), 26, _INK)
        self._write((_MARGIN, top + 34), name, 17, _INK)
        if entry.stochastic:
            self._write((_MARGIN, top + 40 + 21 * len(name.splitlines())), "random", 14, _FAINT)

    def cell(self, row: int, column: int, picture: Image.Image, text: str) -> None:
        """Put a picture into its place, with its caption below."""
        left, top = self._place(row, column)
        self.canvas.paste(picture, (left, top))
        self._write((left, top + self.picture[1] + 5), text, 15, _FAINT)

    @property
    def _row_height(self) -> int:
        # A row of small pictures still holds a name of three lines.
        return max(self.picture[1] + _CAPTION, 120) + _GAP

    def _place(self, row: int, column: int) -> tuple[int, int]:
        """Give the left upper corner of a cell; row -1 is the original's."""
        column_width = max(self.picture[0], _LEAST_COLUMN) + _GAP
        top = _MARGIN + 90 + self._row_height + _GAP
        return _MARGIN + _LABELS + column * column_width, top + row * (self._row_height + _GAP)

    def _write(self, place: tuple[int, int], text: str, size: int, color: str) -> None:
        ImageDraw.Draw(self.canvas).multiline_text(place, text, fill=color, font=_font(size), spacing=4)


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _wrapped(text: str, size: int, width: int) -> str:
    """Break a text into lines that are no wider than so many pixels, as far as its words allow."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _font(size).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _cut(text: str, size: int, width: int) -> str:
    """Shorten a text to so many pixels."""
    font = _font(size)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}...") > width:
        text = text[:-1]
    return f"{text}..."
