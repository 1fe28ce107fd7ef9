"""KADID-10k: 81 references, 25 types, 5 levels (Lin, Hosu and Saupe, QoMEX 2019)."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from syndr.datasets.label_scale import LabelScale
from syndr.errors import InputError
from syndr.samples import Samples

#: The column is called dmos, yet higher is better. 1.00 and 4.93 are the extremes of the full table.
KADID10K = LabelScale("KADID-10k", declared=(1.0, 5.0), observed=(1.00, 4.93))

#: References the authors' released code leaves out, unexplained (0-based 5, 6, 17, 18, 52, 57, 69).
_RELEASED_LEAVES_OUT = {"I06", "I07", "I18", "I19", "I53", "I58", "I70"}


def read(root: str | Path) -> tuple[Samples, Samples]:
    """Read the database from the folder as it is downloaded.

    Args:
        root: Folder with ``dmos.csv`` (dist_img, ref_img, dmos, var) and ``images/``.

    Returns:
        Samples (id, path, reference, type, level, score, quality, var, origin) in the table's order, and the
        references (id, path). ``var`` is the variance of the ratings. Whether each picture is there is found out when
        it is read.

    Raises:
        InputError: When the table or folder is absent or not KADID-10k's.
        LabelRangeError: For a score outside 1..5.
    """
    root = Path(root)
    table_path, images = root / "dmos.csv", root / "images"
    for path in (table_path, images):
        if not path.exists():
            raise InputError(f"{path}: not found; root must be the unpacked KADID-10k folder with dmos.csv and images/")
    try:
        table = pyarrow.csv.read_csv(table_path)
    except pa.ArrowException as error:
        raise InputError(f"{table_path}: cannot be read as CSV: {error}") from error
    missing = {"dist_img", "ref_img", "dmos"} - set(table.column_names)
    if missing:
        raise InputError(f"{table_path}: columns {sorted(missing)} are missing; it has {table.column_names}")
    for name in ("dist_img", "ref_img", "dmos"):
        if table[name].null_count:
            raise InputError(f"{table_path}: {table[name].null_count} rows have no {name}")
    files = table["dist_img"].to_pylist()
    ids = [Path(name).stem for name in files]
    references = [Path(name).stem for name in table["ref_img"].to_pylist()]
    try:
        cells = [(int(kind), int(level)) for _, kind, level in (name.split("_") for name in ids)]
    except ValueError as error:
        raise InputError(f"{table_path}: dist_img must be named Ixx_tt_ll.png: {error}") from error
    scores = table["dmos"].to_pylist()
    samples = Samples.from_columns(
        id=ids,
        path=[str(images / name) for name in files],
        reference=references,
        type=[kind for kind, _ in cells],
        level=[level for _, level in cells],
        score=scores,
        quality=KADID10K.quality(scores, ids),
        origin=["original"] * len(ids),
    )
    if "var" in table.column_names:
        samples = samples.with_column("var", table["var"].combine_chunks())
    names = sorted(set(references))
    return samples, Samples.from_columns(id=names, path=[str(images / f"{name}.png") for name in names])


def released_references(references: Samples) -> Samples:
    """Give the 74 references that the authors' released code trains on."""
    return references.take([row for row, name in enumerate(references.ids) if name not in _RELEASED_LEAVES_OUT])
