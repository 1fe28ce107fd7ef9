"""PIPAL, training part: 200 references, 116 distortions, 80 of them outputs of algorithms (Gu et al., ECCV 2020)."""

from __future__ import annotations

from pathlib import Path

from syndr.datasets.declaration import Request, Tables
from syndr.datasets.folder import Folder, find, locate
from syndr.datasets.label_files import numbers, read_lines
from syndr.datasets.rows import labelled, named_parts
from syndr.errors import InputError
from syndr.samples import Samples

#: The four archives as they are unpacked, or one folder of all as other programs want it.
_ARCHIVES = ("Distortion_1", "Distortion_2", "Distortion_3", "Distortion_4")
_MERGED = ("Train_Dist", "train/Distortion", "Distortion", "Dist_Imgs")


def read(request: Request) -> Tables:
    """Read the training part; ``distortion`` is the sub-type, 00 (traditional) to 06, and ``variant`` its number."""
    title = request.database.title
    labels = locate(request.root, title, "Train_Label", "train/Label", "train/Train_Label")
    rows = [row for path in sorted(labels.glob("*.txt")) for row in read_lines(path, 2, ",")]
    if not rows:
        raise InputError(f"{labels}: holds no .txt file with scores")
    files = [name for name, _ in rows]
    parts = [named_parts(name, 3, "Axxxx_tt_ss.bmp", labels) for name in files]
    folders = _picture_folders(request.root, title)
    samples = labelled(
        request,
        [Path(name).stem for name in files],
        [_picture(folders, name) for name in files],
        numbers([score for _, score in rows], labels),
        reference=[reference for reference, _, _ in parts],
        distortion=[kind for _, kind, _ in parts],
        variant=[number for _, _, number in parts],
    )
    originals = Folder(locate(request.root, title, "Train_Ref", "train/Ref", "train/Train_Ref"))
    names = sorted({reference for reference, _, _ in parts})
    return Tables(samples, Samples.from_columns(id=names, path=[str(originals.file(f"{name}.bmp")) for name in names]))


def _picture_folders(root: Path, title: str) -> list[Folder]:
    found = [path for name in (*_MERGED, *_ARCHIVES) if (path := find(root, name)) is not None]
    return [Folder(path) for path in found or [locate(root, title, *_ARCHIVES, *_MERGED)]]


def _picture(folders: list[Folder], name: str) -> Path:
    return next((folder for folder in folders if name in folder), folders[-1]).file(name)
