"""KADID-10k: 81 references, 25 types, 5 levels (Lin, Hosu and Saupe, QoMEX 2019)."""

from __future__ import annotations

from pathlib import Path

from syndr.datasets.declaration import Request, Tables
from syndr.datasets.folder import Folder, find, locate
from syndr.datasets.label_files import read_csv
from syndr.datasets.rows import labelled, named_parts
from syndr.errors import InputError
from syndr.samples import Samples

#: References the authors' released code leaves out, unexplained (0-based 5, 6, 17, 18, 52, 57, 69).
_RELEASED_LEAVES_OUT = {"I06", "I07", "I18", "I19", "I53", "I58", "I70"}


def read(request: Request) -> Tables:
    """Read the database; ``var`` is the variance of the ratings, not their deviation.

    The references lie beside the distorted pictures, or apart in ``ref_imgs/`` or ``reference_images/``.
    """
    title = request.database.title
    table_path = locate(request.root, title, "dmos.csv")
    images = Folder(locate(request.root, title, "images", "distorted_images"))
    table = read_csv(table_path, ("dist_img", "ref_img", "dmos"))
    files = table["dist_img"].to_pylist()
    parts = [named_parts(name, 3, "Ixx_tt_ll.png", table_path) for name in files]
    for name, (_, kind, level) in zip(files, parts, strict=True):
        if not (kind.isdecimal() and level.isdecimal()):
            raise InputError(f"{table_path}: {name!r} must be named Ixx_tt_ll.png")
    samples = labelled(
        request,
        [Path(name).stem for name in files],
        map(images.file, files),
        table["dmos"].to_pylist(),
        reference=[Path(name).stem for name in table["ref_img"].to_pylist()],
        type=[int(kind) for _, kind, _ in parts],
        level=[int(level) for _, _, level in parts],
    )
    if "var" in table.column_names:
        samples = samples.with_column("var", table["var"].combine_chunks())
    names = sorted(set(table["ref_img"].to_pylist()))
    folder = _reference_folder(request.root, images, names[0]) if names else images
    paths = [str(folder.file(name)) for name in names]
    return Tables(samples, Samples.from_columns(id=[Path(name).stem for name in names], path=paths))


def released_references(references: Samples) -> Samples:
    """Give the 74 references that the authors' released code trains on."""
    return references.take([row for row, name in enumerate(references.ids) if name not in _RELEASED_LEAVES_OUT])


def _reference_folder(root: Path, images: Folder, first: str) -> Folder:
    if first not in images:
        for name in ("ref_imgs", "reference_images"):
            path = find(root, name)
            if path is not None:
                return Folder(path)
    return images
