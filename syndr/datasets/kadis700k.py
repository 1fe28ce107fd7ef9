"""KADIS-700k: 140,000 pristine pictures, one distortion type each (Lin, Hosu and Saupe 2020): a candidate pool."""

from __future__ import annotations

from pathlib import Path

from syndr.datasets.declaration import Request, Tables
from syndr.datasets.folder import Folder, locate
from syndr.datasets.label_files import read_csv
from syndr.samples import Samples


def read(request: Request) -> Tables:
    """Read the pool: the pristine pictures that the table lists, with the types it plans for them.

    ``dist_type_1`` is the type that the authors' program makes of a picture, in five levels; the table gives 7 and 8
    one tag. The distorted pictures themselves are not read: any of them can be made (``syndr synthesize``).
    """
    title = request.database.title
    table = read_csv(locate(request.root, title, "kadis700k_ref_imgs.csv"), ("ref_im",))
    images = Folder(locate(request.root, title, "ref_imgs"))
    files = table["ref_im"].to_pylist()
    samples = Samples.from_columns(
        id=[Path(name).stem for name in files],
        path=[str(images.file(name)) for name in files],
        database=[request.database.name] * len(files),
    )
    for name in ("dist_type_1", "dist_type_2"):
        if name in table.column_names:
            samples = samples.with_column(name, table[name].combine_chunks())
    return Tables(samples)
