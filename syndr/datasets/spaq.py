"""SPAQ: 11,125 photographs by smartphones (Fang et al., CVPR 2020)."""

from __future__ import annotations

from pathlib import Path

from syndr.datasets.declaration import Request, Tables
from syndr.datasets.folder import Folder, locate
from syndr.datasets.label_files import numbers, read_sheet
from syndr.datasets.rows import labelled

_SHEET = "MOS and Image attribute scores.xlsx"


def read(request: Request) -> Tables:
    """Read the database: the score of the whole picture; the scores of its attributes are left aside."""
    title = request.database.title
    path = locate(request.root, title, f"Annotations/{_SHEET}", _SHEET)
    columns = read_sheet(path, ("Image name", "MOS"))
    files = [str(name) for name in columns["Image name"]]
    images = Folder(locate(request.root, title, "TestImage"))
    scores = numbers(columns["MOS"], path)
    return Tables(labelled(request, [Path(name).stem for name in files], map(images.file, files), scores))
