"""PIPAL, training part: 200 references, 116 distortions, 80 of them outputs of algorithms (Gu et al., ECCV 2020)."""

from __future__ import annotations

from pathlib import Path

from syndr.datasets.declaration import Request, Tables
from syndr.datasets.folder import Folder, find, locate
from syndr.datasets.label_files import numbers, read_lines
from syndr.datasets.rows import labelled, named_parts
from syndr.errors import InputError
from syndr.samples import Samples


def read(request: Request) -> Tables:
    """Read the training part; ``distortion`` is the sub-type, 00 (traditional) to 06, and ``variant`` its number."""
    title = request.database.title
    labels = locate(request.root, title, *request.database.places("Train_Label"))
    rows = [row for path in sorted(labels.glob("*.txt")) for row in read_lines(path, 2, ",")]
    if not rows:
        raise InputError(f"{labels}: holds no .txt file with scores; unpack the download's labels there")
    files = [name for name, _ in rows]
    parts = [named_parts(name, 3, "Axxxx_tt_ss.bmp", labels) for name in files]
    folders = _picture_folders(request)
    samples = labelled(
        request,
        [Path(name).stem for name in files],
        [_picture(folders, name) for name in files],
        numbers([score for _, score in rows], labels),
        reference=[reference for reference, _, _ in parts],
        distortion=[kind for _, kind, _ in parts],
        variant=[number for _, _, number in parts],
    )
    originals = Folder(locate(request.root, title, *request.database.places("Train_Ref")))
    names = sorted({reference for reference, _, _ in parts})
    return Tables(samples, Samples.from_columns(id=names, path=[str(originals.file(f"{name}.bmp")) for name in names]))


def _picture_folders(request: Request) -> list[Folder]:
    """Give one folder of all pictures, where there is one, before the archives as they are unpacked."""
    archives = [part.path for part in request.database.parts if part.path.startswith("Distortion_")]
    in_one = request.database.places(archives[0])[1:]
    found = [path for name in (*in_one, *archives) if (path := find(request.root, name)) is not None]
    return [Folder(path) for path in found or [locate(request.root, request.database.title, *archives, *in_one)]]


def _picture(folders: list[Folder], name: str) -> Path:
    return next((folder for folder in folders if name in folder), folders[-1]).file(name)
