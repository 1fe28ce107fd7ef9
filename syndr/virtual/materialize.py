"""A virtual data set written to files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from syndr.cluster import Engine, check_engine
from syndr.errors import ImageError, StoreError
from syndr.files import read_json, write_json
from syndr.folders import is_unfinished, locked, remove_unfinished
from syndr.images import PictureWriter, Rejected, write_metadata
from syndr.progress import Progress, silent
from syndr.samples import Samples
from syndr.virtual.rows import made_with, virtual_types

if TYPE_CHECKING:
    import torch

    from syndr.virtual.dataset import VirtualDataset

#: Most memory for the pictures of one reference that are made in one call.
_MADE_BYTES = 1 << 26


def materialize(
    dataset: VirtualDataset, folder: Path, format: str, progress: Progress, engine: Engine, address: str | None
) -> tuple[Samples, list[Rejected]]:
    """Do :meth:`VirtualDataset.materialize`."""
    check_engine(engine, address)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        return _materialized(dataset, folder, format, progress, engine, address)


def _materialized(
    dataset: VirtualDataset, folder: Path, format: str, progress: Progress, engine: Engine, address: str | None
) -> tuple[Samples, list[Rejected]]:
    _claim(dataset, folder, format)
    ids, paths = (dataset.samples.table[name] for name in ("id", "path"))
    if engine == "ray":
        from syndr.virtual.on_ray import write_on_ray

        problems = write_on_ray(dataset, folder, format, progress, address)
    else:
        problems = write_pictures(dataset, range(len(dataset)), folder, format, progress)
    kept = dataset.samples.take([row for row in range(len(dataset)) if row not in problems])
    names = [f"{sample_id}.{format}" for sample_id in kept.ids]
    table = kept.with_column("path", [str(folder / name) for name in names]).with_column("file_name", names)
    if "seed" in table:
        table = Samples(table.table.drop_columns(["seed"]))
    write_metadata(folder, table)
    progress("materialize", len(dataset), len(dataset))
    rejected = [Rejected(ids[row].as_py(), paths[row].as_py() or "", problems[row]) for row in sorted(problems)]
    return table, rejected


def write_pictures(
    dataset: VirtualDataset,
    rows: range,
    folder: Path,
    format: str,
    progress: Progress = silent,
    threads: int | None = None,
) -> dict[int, str]:
    """Write the pictures of some rows that are not in the folder yet.

    Args:
        dataset: The data set.
        rows: Row numbers; those that follow each other and share their reference are made together.
        folder: Where to.
        format: ``"png"`` or ``"bmp"``.
        progress: Told the rows dealt with.
        threads: Of the encoding; one for each core when None.

    Returns:
        What is wrong with rows that could not be made, by row.
    """
    ids, paths = (dataset.samples.table[name] for name in ("id", "path"))
    problems: dict[int, str] = {}
    with PictureWriter(threads) as writer:
        for _, group in groupby(rows, key=lambda row: paths[row].as_py()):
            alike = list(group)
            progress("materialize", alike[0], len(dataset))
            for row, picture in _missing(dataset, alike, folder, format):
                if isinstance(picture, ImageError):
                    problems[row] = str(picture)
                else:
                    writer.write(folder / _file_name(ids[row].as_py(), format), picture.cpu())
    return problems


def _missing(
    dataset: VirtualDataset, rows: list[int], folder: Path, format: str
) -> Iterator[tuple[int, torch.Tensor | ImageError]]:
    """Make the pictures of one reference that are not in the folder, so many at once as memory allows."""
    wanted: list[int] = []
    for row in rows:
        try:
            # Written atomically: one that is there is whole.
            if not (folder / _file_name(dataset.samples.table["id"][row].as_py(), format)).exists():
                wanted.append(row)
        except ImageError as error:
            yield row, error
    at_once = 1
    if len(wanted) > 1:
        [source] = dataset.sources(wanted[:1])
        at_once = len(wanted) if isinstance(source, ImageError) else max(1, _MADE_BYTES // source.nbytes)
    for start in range(0, len(wanted), at_once):
        batch = wanted[start : start + at_once]
        yield from zip(batch, dataset.images(batch), strict=True)


def _claim(dataset: VirtualDataset, folder: Path, format: str) -> None:
    """Begin the folder, or go on with it if it was begun for the same pictures."""
    samples = dataset.samples
    defining = [name for name in ("id", "path", "type", "level", "seed") if name in samples]
    wanted = {"rows": samples.columns(*defining).content_hash(), "format": format}
    wanted |= made_with(virtual_types(samples))
    if dataset.input_size != "native":
        wanted["input_size"] = dataset.input_size
    record = folder / "virtual.json"
    if not record.exists():
        if folder.is_dir() and not all(is_unfinished(path) for path in folder.iterdir()):
            raise StoreError(f"{folder} holds files of something else; choose another folder, or empty it")
        write_json(record, wanted)
    else:
        there = read_json(record)
        others = {
            "rows": "of other rows", "format": "in another format", "dncnn": "of another network for type 15",
            "input_size": "of another input size",
        }  # fmt: skip
        for key, how in others.items():
            if there.get(key) != wanted.get(key):
                raise StoreError(f"{folder} holds pictures {how}; choose another folder, or delete it")
    remove_unfinished(folder)


def _file_name(name: str, format: str) -> str:
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise ImageError(f"id {name!r} leads out of the folder; give the row another id")
    return f"{name}.{format}"
