"""LIVE, release 2: 29 references, five distortions (Sheikh, Sabir and Bovik, IEEE TIP 2006)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from syndr.datasets.declaration import Request, Tables
from syndr.datasets.folder import Folder, locate
from syndr.datasets.label_files import read_mat
from syndr.datasets.rows import labelled
from syndr.errors import InputError
from syndr.samples import Samples

#: The folders in the order of the score files, with the pictures of each: img1.bmp, img2.bmp ...
_FOLDERS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
_ROWS = sum(_FOLDERS.values())
_UNDISTORTED = 203
#: Label variant -> file, score, deviation.
_FILES = {"realigned": ("dmos_realigned.mat", "dmos_new", "dmos_std"), "original": ("dmos.mat", "dmos", None)}


def read(request: Request) -> Tables:
    """Read the distorted pictures; the 203 copies of the references among them (``orgs``) are left out.

    Nothing but position joins scores and pictures, so files of another length are refused.
    """
    assert request.labels is not None
    title = request.database.title
    name, score, deviation = _FILES[request.labels.name]
    path = locate(request.root, title, name)
    wanted = [score, "orgs", *([deviation] if deviation else [])]
    scores, originals, *deviations = read_mat(path, *wanted)
    names_path = locate(request.root, title, "refnames_all.mat")
    (references,) = read_mat(names_path, "refnames_all")
    for array, where in ((scores, path), (originals, path), (references, names_path)):
        if len(array) != _ROWS:
            raise InputError(
                f"{where}: {len(array)} rows; LIVE's release 2 has {_ROWS}, and they are known by position"
            )
    kept = np.flatnonzero(originals == 0)
    if len(kept) != _ROWS - _UNDISTORTED:
        raise InputError(
            f"{path}: orgs marks {_ROWS - len(kept)} undistorted pictures; LIVE's release 2 has {_UNDISTORTED}"
        )
    places = [(folder, number) for folder, count in _FOLDERS.items() for number in range(1, count + 1)]
    folders = {folder: Folder(locate(request.root, title, folder)) for folder in _FOLDERS}
    chosen = [places[row] for row in kept]
    columns = {"std": deviations[0][kept].tolist()} if deviations else {}
    samples = labelled(
        request,
        [f"{folder}/img{number}" for folder, number in chosen],
        [folders[folder].file(f"img{number}.bmp") for folder, number in chosen],
        scores[kept].tolist(),
        reference=[Path(references[row]).stem for row in kept],
        distortion=[folder for folder, _ in chosen],
        **columns,
    )
    undistorted = Folder(locate(request.root, title, "refimgs"))
    files = sorted(set(references[kept]))
    return Tables(
        samples,
        Samples.from_columns(
            id=[Path(name).stem for name in files], path=[str(undistorted.file(name)) for name in files]
        ),
    )
