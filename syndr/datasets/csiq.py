"""CSIQ: 30 references, six distortions, four or five levels (Larson and Chandler 2010)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from syndr.datasets.declaration import Request, Tables
from syndr.datasets.folder import Folder, find, locate
from syndr.datasets.label_files import numbers, read_lines, read_sheet
from syndr.datasets.rows import labelled
from syndr.errors import InputError
from syndr.samples import Samples

#: The spreadsheet's word for a distortion -> folder, and word in the pictures' names.
_DISTORTIONS = {
    "noise": ("awgn", "AWGN"),
    "blur": ("blur", "BLUR"),
    "contrast": ("contrast", "contrast"),
    "fnoise": ("fnoise", "fnoise"),
    "jpeg": ("jpeg", "JPEG"),
    "jpeg 2000": ("jpeg2000", "jpeg2000"),
}
_FOLDER_OF = {word.casefold(): folder for folder, word in _DISTORTIONS.values()}


@dataclass(frozen=True)
class _Rating:
    reference: str
    distortion: str
    level: int
    score: float
    std: float | None

    @property
    def name(self) -> str:
        word = next(word for folder, word in _DISTORTIONS.values() if folder == self.distortion)
        return f"{self.reference}.{word}.{self.level}.png"


def read(request: Request) -> Tables:
    """Read the database: scores from the authors' spreadsheet, or from ``csiq_label.txt`` (name, score).

    The folders' names may be in any case, or all pictures in one folder, ``dst_imgs_all/``.
    """
    title = request.database.title
    path = locate(request.root, title, "csiq.DMOS.xlsx", "csiq_label.txt")
    ratings = _from_text(path) if path.suffix == ".txt" else _from_sheet(path)
    one_folder = find(request.root, "dst_imgs_all")
    if one_folder is not None:
        folders = dict.fromkeys(_FOLDER_OF.values(), Folder(one_folder))
    else:
        distorted = Folder(locate(request.root, title, "dst_imgs"))
        folders = {name: Folder(distorted.file(name)) for name in _FOLDER_OF.values()}
    columns = {} if any(rating.std is None for rating in ratings) else {"std": [rating.std for rating in ratings]}
    samples = labelled(
        request,
        [Path(rating.name).stem for rating in ratings],
        [folders[rating.distortion].file(rating.name) for rating in ratings],
        [rating.score for rating in ratings],
        reference=[rating.reference for rating in ratings],
        distortion=[rating.distortion for rating in ratings],
        level=[rating.level for rating in ratings],
        **columns,
    )
    originals = Folder(locate(request.root, title, "src_imgs"))
    names = sorted({rating.reference for rating in ratings})
    return Tables(samples, Samples.from_columns(id=names, path=[str(originals.file(f"{name}.png")) for name in names]))


def _from_sheet(path: Path) -> list[_Rating]:
    columns = read_sheet(path, ("image", "dst_type", "dst_lev", "dmos_std", "dmos"), "all_by_image")
    levels, deviations, scores = (numbers(columns[name], path, name) for name in ("dst_lev", "dmos_std", "dmos"))
    ratings = []
    for image, kind, level, std, score in zip(
        columns["image"], columns["dst_type"], levels, deviations, scores, strict=True
    ):
        if str(kind) not in _DISTORTIONS:
            raise InputError(f"{path}: unknown distortion {kind!r}; there are {', '.join(_DISTORTIONS)}")
        # The picture "1600" is a number in the spreadsheet.
        name = str(int(image)) if isinstance(image, int | float) else str(image)
        ratings.append(_Rating(name, _DISTORTIONS[str(kind)][0], int(level), score, std))
    return ratings


def _from_text(path: Path) -> list[_Rating]:
    rows = read_lines(path, 2)
    ratings = []
    for (name, _), score in zip(rows, numbers([row[1] for row in rows], path), strict=True):
        reference, _, rest = name.partition(".")
        word, _, level = rest.removesuffix(".png").partition(".")
        if word.casefold() not in _FOLDER_OF or not level.isdecimal():
            raise InputError(f"{path}: {name!r} must be named <reference>.<TYPE>.<level>.png")
        ratings.append(_Rating(reference, _FOLDER_OF[word.casefold()], int(level), score, None))
    return ratings
