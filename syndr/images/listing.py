"""Finding the image files of a folder."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from syndr.errors import InputError
from syndr.samples import Samples

#: Suffixes (any case) that make a file a candidate; what it really holds is decided when it is decoded.
IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def list_images(folder: str | Path) -> list[tuple[str, Path]]:
    """List the image files of a folder and of all folders below it.

    Files are chosen by suffix (``IMAGE_SUFFIXES``); names that begin with a dot are passed over, folders too.
    Links are followed, but each real folder is listed once, under its own name where it has one below
    ``folder``, so that links in a circle end.

    Args:
        folder: The folder to search.

    Returns:
        Pairs of id and path, sorted by id. The id is the path relative to ``folder`` with forward slashes
        and with its suffix.

    Raises:
        InputError: When the folder is absent or cannot be listed, holds no image, or a name is not Unicode.
    """
    root = Path(folder)
    if not root.is_dir():
        reason = "is a file, not a folder" if root.exists() else "no such folder"
        raise InputError(f"{root}: {reason}; give the folder that holds the images")
    paths = [path for path in _files(root) if path.suffix.lower() in IMAGE_SUFFIXES]
    if not paths:
        raise InputError(f"{root}: no image found; files must end in one of {', '.join(sorted(IMAGE_SUFFIXES))}")
    found = sorted((path.relative_to(root).as_posix(), path) for path in paths)
    check_names(root, found)
    return found


def glob_images(pattern: str) -> list[tuple[str, Path]]:
    """List the files that match a pattern.

    Args:
        pattern: A path with ``*``, ``?`` and ``[...]`` in its parts, and ``**`` for any number of folders. Where its
            last part has an ending of its own (``*.dat``), every file that matches is taken; else those whose ending
            is in ``IMAGE_SUFFIXES``. Names that begin with a dot are passed over, as in :func:`list_images`.

    Returns:
        Pairs of id and path, sorted by id. The id is the path relative to the part before the first wildcard.

    Raises:
        InputError: When nothing matches, or a name is not Unicode.
    """
    parts = Path(pattern).parts
    fixed = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    base = Path(*parts[:fixed])
    if "**" in parts:
        # Not by glob, which follows links in a circle until the path is too long.
        below = _files(base) if base.is_dir() else iter(())
        paths = [path for path in below if _matches(path.relative_to(base).parts, parts[fixed:])]
    else:
        paths = [path for path in base.glob("/".join(parts[fixed:])) if not path.is_dir()]
        paths = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(base).parts)]
    ending = Path(pattern).suffix
    if not ending or glob.has_magic(ending):
        paths = [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]
    found = sorted((path.relative_to(base).as_posix(), path) for path in paths)
    if not found:
        raise InputError(f"{pattern}: no image matches; quote the pattern, so that no shell changes it, and correct it")
    check_names(base, found)
    return found


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _matches(parts, pattern[1:]) or (bool(parts) and _matches(parts[1:], pattern))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def check_names(where: str | Path, found: list[tuple[str, Path]]) -> None:
    """Raise InputError when an id is not Unicode that can be written down."""
    for image_id, _ in found:
        try:
            image_id.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{where}: the file name {image_id!r} is not valid Unicode; rename it") from error


def samples_from_folder(folder: str | Path) -> Samples:
    """Make a sample table (columns ``id`` and ``path``) of a folder's images; see :func:`list_images`."""
    ids, paths = zip(*list_images(folder), strict=True)
    return Samples.from_columns(id=ids, path=map(str, paths))


def _files(root: Path) -> Iterator[Path]:
    """Give every visible file below ``root``, walking real folders first and links to folders after them."""
    walked: set[tuple[int, int]] = set()
    starts = [root]
    while starts:
        links: list[Path] = []
        for start in starts:
            for name, subfolders, files in os.walk(start, onerror=_cannot_list):
                folder = Path(name)
                status = folder.stat()
                if (status.st_dev, status.st_ino) in walked:
                    subfolders.clear()
                    continue
                walked.add((status.st_dev, status.st_ino))
                subfolders[:] = sorted(sub for sub in subfolders if not sub.startswith("."))
                links += [folder / sub for sub in subfolders if (folder / sub).is_symlink()]
                yield from (folder / file for file in files if not file.startswith("."))
        starts = sorted(links)


def _cannot_list(error: OSError) -> NoReturn:
    raise InputError(f"{error.filename}: cannot be listed ({error.strerror}); check its permissions") from error
