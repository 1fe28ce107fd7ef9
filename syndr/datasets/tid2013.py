"""TID2013: 25 references, 24 types, 5 levels (Ponomarenko et al. 2015)."""

from __future__ import annotations

from syndr.datasets.declaration import Request, Tables
from syndr.datasets.folder import Folder, find, locate
from syndr.datasets.label_files import numbers, read_lines
from syndr.datasets.rows import labelled, named_parts
from syndr.errors import InputError
from syndr.samples import Samples


def read(request: Request) -> Tables:
    """Read the database; ids begin with a capital I, whatever the case in the list, which differs by copy.

    The list and the pictures write ``i01_01_2.bmp``, ``I01_01_1.bmp`` and ``I01_11_1.BMP``, the references
    ``I01.BMP`` and ``i25.bmp``, and not in the same way: files are found in any case.
    """
    title = request.database.title
    path = locate(request.root, title, "mos_with_names.txt")
    rows = read_lines(path, 2)
    files = [name for _, name in rows]
    parts = [named_parts(name, 3, "Ixx_tt_l.bmp", path) for name in files]
    wrong = [name for name, (_, _, level) in zip(files, parts, strict=True) if not level.isdecimal()]
    if wrong:
        raise InputError(f"{path}: {wrong[0]!r} must be named Ixx_tt_l.bmp")
    distorted = Folder(locate(request.root, title, "distorted_images"))
    columns = {}
    deviations = find(request.root, "mos_std.txt")
    if deviations is not None:
        values = numbers([row[0] for row in read_lines(deviations, 1)], deviations)
        if len(values) != len(rows):
            raise InputError(f"{deviations}: {len(values)} lines for {len(rows)} in {path}; both belong together")
        columns["std"] = values
    references = [reference.upper() for reference, _, _ in parts]
    samples = labelled(
        request,
        [f"{reference}_{kind}_{level}" for reference, (_, kind, level) in zip(references, parts, strict=True)],
        map(distorted.file, files),
        numbers([score for score, _ in rows], path),
        reference=references,
        distortion=[kind for _, kind, _ in parts],
        level=[int(level) for _, _, level in parts],
        **columns,
    )
    originals = Folder(locate(request.root, title, "reference_images"))
    names = sorted(set(references))
    return Tables(samples, Samples.from_columns(id=names, path=[str(originals.file(f"{name}.BMP")) for name in names]))
