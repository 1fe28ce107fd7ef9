"""Pictures from wherever the user has them: one table, and the file of each of its rows."""

from __future__ import annotations

import glob
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syndr.errors import InputError
from syndr.images.huggingface import dataset_images, is_saved_dataset, load_saved_dataset
from syndr.images.imagefolder import read_imagefolder
from syndr.images.listing import glob_images
from syndr.images.tars import tar_images
from syndr.samples import Samples

_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")


@dataclass(frozen=True)
class PictureSource:
    """A table of images and where their files are.

    Attributes:
        samples: The sample table.
        file: Gives the image file of a row number: its path, or its bytes; raises
            :class:`~syndr.errors.ImageError` when there is none. Threads may call it at the same time.
    """

    samples: Samples
    file: Callable[[int], str | bytes | None]


def open_pictures(where: Any, image: str | None = None) -> PictureSource:
    """Find the pictures that are meant.

    Args:
        where: A folder of image files, with the table of Hugging Face's ``imagefolder`` or without; a pattern such as
            ``photos/**/*.jpg`` (quoted, so that no shell changes it); a sample table with ``path``; a ``.tar``, or a
            pattern of several (WebDataset); a folder written by ``datasets.Dataset.save_to_disk``; or a
            ``datasets.Dataset``.
        image: The column of pictures of a data set; by default the only one.

    Raises:
        InputError: When there is no such thing, or it holds no pictures.
        MissingExtraError: When a data set is given and ``datasets`` is not installed.
    """
    if not isinstance(where, str | Path):
        return PictureSource(*dataset_images(where, image))
    path = Path(where)
    if path.is_dir():
        if is_saved_dataset(path):
            return PictureSource(*dataset_images(load_saved_dataset(path), image))
        return _by_path(read_imagefolder(path))
    if path.exists():
        return _from_tars([path]) if path.name.lower().endswith(_TARS) else _by_path(Samples.read(path))
    if not glob.has_magic(str(where)):
        raise InputError(f"{path}: no such file or folder")
    found = glob_images(str(where))
    if path.name.lower().endswith(_TARS):
        return _from_tars([archive for _, archive in found])
    return _by_path(Samples.from_columns(id=[name for name, _ in found], path=[str(each) for _, each in found]))


def _by_path(samples: Samples) -> PictureSource:
    paths: list[str | None] = samples.table["path"].to_pylist() if "path" in samples else [None] * len(samples)
    return PictureSource(samples, paths.__getitem__)


def _from_tars(archives: list[Path]) -> PictureSource:
    ids, paths, members = zip(*tar_images(archives), strict=True)
    return PictureSource(Samples.from_columns(id=ids, path=paths), lambda row: members[row].read())
