"""LIVE In the Wild Image Quality Challenge: 1,162 authentic pictures (Ghadiyaram and Bovik, IEEE TIP 2016)."""

from __future__ import annotations

import re
from pathlib import Path

from syndr.datasets.declaration import Request, Tables
from syndr.datasets.folder import Folder, find, locate
from syndr.datasets.label_files import read_mat
from syndr.datasets.rows import labelled
from syndr.errors import InputError

#: t1.bmp ... t7.bmp stand first in the lists: pictures of the raters' training session.
_TRAINING_ROWS = 7
_TRAINING_NAME = re.compile(r"t\d+\.bmp", re.IGNORECASE)


def read(request: Request) -> Tables:
    """Read the rated pictures; the seven of the training session are left out.

    Nothing but position joins names and scores, so lists of different length, or with other rows first, are refused.
    """
    title = request.database.title
    path = locate(request.root, title, "Data/AllImages_release.mat", "AllImages_release.mat")
    (names,) = read_mat(path, "AllImages_release")
    columns = {}
    for column, variable in (("score", "AllMOS_release"), ("std", "AllStdDev_release")):
        places = (f"Data/{variable}.mat", f"{variable}.mat")
        if column == "std" and not any(find(request.root, place) for place in places):
            continue
        values_path = locate(request.root, title, *places)
        (values,) = read_mat(values_path, variable)
        if len(values) != len(names):
            raise InputError(f"{values_path}: {len(values)} values for the {len(names)} names in {path}")
        columns[column] = values[_TRAINING_ROWS:].tolist()
    training = [row for row, name in enumerate(names) if _TRAINING_NAME.fullmatch(name)]
    if training != list(range(_TRAINING_ROWS)):
        raise InputError(f"{path}: t1.bmp to t7.bmp must stand first; found such names in rows {training[:8]}")
    images = Folder(locate(request.root, title, "Images"))
    files = names[_TRAINING_ROWS:].tolist()
    scores = columns.pop("score")
    return Tables(labelled(request, [Path(name).stem for name in files], map(images.file, files), scores, **columns))
