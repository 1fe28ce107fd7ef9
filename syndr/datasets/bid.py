"""BID: 586 photographs blurred by hand, subject or lens (Ciancio et al., IEEE TIP 2011)."""

from __future__ import annotations

from syndr.datasets.declaration import Request, Tables
from syndr.datasets.folder import Folder, find, locate
from syndr.datasets.label_files import numbers, read_sheet
from syndr.datasets.rows import labelled


def read(request: Request) -> Tables:
    """Read the database; the pictures lie beside the spreadsheet or in ``ImageDatabase/``."""
    path = locate(request.root, request.database.title, "DatabaseGrades.xlsx", "DatabaseGrades.xls")
    columns = read_sheet(path, ("Image Number", "Average Subjective Grade", "Number of Grades"))
    pictures, scores, grades = (numbers(cells, path) for cells in columns.values())
    images = Folder(find(request.root, "ImageDatabase") or request.root)
    ids = [f"DatabaseImage{int(number):04d}" for number in pictures]
    return Tables(
        labelled(
            request,
            ids,
            [images.file(f"{name}.JPG") for name in ids],
            scores,
            n_grades=[int(count) for count in grades],
        )
    )
