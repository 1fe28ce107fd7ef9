"""The virtual data set: a row (reference, type, level, seed) *is* a picture, and need not touch the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from syndr.errors import ImageError, InputError, StoreError
from syndr.files import is_unfinished, read_json, remove_unfinished, write_json
from syndr.images import Rejected, write_metadata
from syndr.progress import Progress, silent
from syndr.rng import sample_seeds
from syndr.samples import Samples

if TYPE_CHECKING:
    import torch


def virtual_rows(references: Samples, types: Sequence[int], levels: Sequence[int], dataset_seed: int = 0) -> Samples:
    """Lay out the virtual data set: every reference with every type and level.

    Args:
        references: Table with ``id`` and ``path``.
        types: KADID distortion types.
        levels: KADID levels.
        dataset_seed: From it and the reference's id comes each sample's seed.

    Returns:
        Columns ``id`` (reference without its image suffix, then ``_tt_ll`` as KADID names its files), ``path`` (of the
        reference), ``reference``, ``type``, ``level``, ``seed``; reference by reference, then types, then levels.
    """
    cells = [(int(t), int(level)) for t in types for level in levels]
    stems = _stems(references.ids)
    count = len(cells)
    return Samples.from_columns(
        id=[f"{stem}_{t:02d}_{level:02d}" for stem in stems for t, level in cells],
        path=np.repeat(references["path"], count),
        reference=np.repeat(np.array(references.ids, dtype=object), count),
        type=[t for t, _ in cells] * len(references),
        level=[level for _, level in cells] * len(references),
        seed=np.repeat(sample_seeds(dataset_seed, references.ids), count),
    )


_IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}


def _stems(ids: Sequence[str]) -> list[str]:
    """Ids without their image suffix, except where two would then be the same."""
    stems = [
        str(path.with_suffix("")) if path.suffix.lower() in _IMAGE_SUFFIXES else name
        for name, path in ((name, PurePosixPath(name)) for name in ids)
    ]
    count = Counter(stems)
    return [stem if count[stem] == 1 else name for stem, name in zip(stems, ids, strict=True)]


def check_types(types: Iterable[int]) -> None:
    """Raise InputError unless every type is one that can be synthesized."""
    from syndr.distort import TYPES

    unknown = sorted({int(kind) for kind in types} - set(TYPES))
    if unknown:
        raise InputError(
            f"distortion types {', '.join(map(str, unknown))} cannot be synthesized; "
            f"there are {', '.join(map(str, sorted(TYPES)))}"
        )


def made_with(types: Iterable[int]) -> dict[str, str]:
    """Name what the pictures of these types depend on beside their rows: type 15's network, by its weights.

    Raises:
        InputError: When the weights file that was chosen for it cannot be used.
    """
    if 15 not in types:
        return {}
    from syndr.distort import dncnn_id

    return {"dncnn": dncnn_id()}


def virtual_types(samples: Samples) -> set[int]:
    """Give the distortion types of a table's virtual rows."""
    if "seed" not in samples or "type" not in samples:
        return set()
    return set(samples.table.filter(pc.field("seed").is_valid())["type"].unique().to_pylist())


#: Most memory for the pictures of one reference that ``materialize`` makes in one call.
_MADE_BYTES = 1 << 26


class VirtualDataset:
    """Pictures of a sample table: read from their files, or distorted from their references on the fly.

    Threads may share it.

    Args:
        samples: Table with ``path``; a row with a ``seed`` is virtual and also has ``type`` and ``level``.
        device: Where distortions are made and pictures are given out.
        cache_bytes: Most memory for decoded reference images, which many rows share; other pictures are not kept.

    Raises:
        InputError: When a column is missing, a virtual row lacks a type or level or has a type that cannot be
            synthesized, or the network chosen for type 15 cannot be used.
    """

    def __init__(self, samples: Samples, device: str = "cpu", cache_bytes: int = 1 << 29) -> None:
        from syndr.images import PictureCache

        self.samples = samples
        self.device = device
        self._references = PictureCache(cache_bytes)
        self._paths = _column(samples, "path")
        self._virtual = np.zeros(len(samples), dtype=bool)
        self._recipe: dict[str, npt.NDArray[np.int64]] = {}
        if "seed" in samples:
            self._virtual = _column(samples, "seed").is_valid().to_numpy()
        if self._virtual.any():
            # Arrow fills the nulls: as a NumPy column with nulls, 64-bit seeds would turn to floats and lose digits.
            columns = {name: _column(samples, name) for name in ("type", "level", "seed")}
            for name, column in columns.items():
                missing = np.flatnonzero(self._virtual & ~column.is_valid().to_numpy())
                if len(missing):
                    raise InputError(f"{samples.ids[missing[0]]}: the row has a seed but no {name}; fill the column in")
            self._recipe = {name: column.fill_null(0).to_numpy() for name, column in columns.items()}
            types = np.unique(self._recipe["type"][self._virtual])
            check_types(types)
            made_with(types.tolist())  # weights that cannot be used are an error here, not a bad picture later

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, row: int) -> torch.Tensor:
        return self.image(row)

    def __iter__(self) -> Iterator[torch.Tensor]:
        return (self.image(row) for row in range(len(self)))

    def image(self, row: int) -> torch.Tensor:
        """Give the picture of a row: (3, H, W) uint8 RGB on the device, the caller's own.

        Raises:
            ImageError: When the file cannot be read, or the picture cannot be distorted (a constant one has no range
                to stretch).
        """
        [found] = self.images([row])
        if isinstance(found, ImageError):
            raise found
        return found

    def images(self, rows: Sequence[int]) -> list[torch.Tensor | ImageError]:
        """Give the pictures of several rows; virtual ones of one size are made in one call.

        Args:
            rows: Row numbers; their pictures are in memory together.

        Returns:
            For each row what :meth:`image` gives, or the error that it would raise. Pictures made in one call share
            their memory: clone the few that you keep of many.
        """
        found = self._read(rows)
        alike: dict[torch.Size, list[tuple[int, torch.Tensor]]] = {}
        for place, (row, picture) in enumerate(zip(rows, found, strict=True)):
            if isinstance(picture, ImageError):
                continue
            if self._virtual[row]:
                alike.setdefault(picture.shape, []).append((place, picture))
            else:
                found[place] = picture.to(self.device)
        for group in alike.values():
            places = [place for place, _ in group]
            made = self._distorted([rows[place] for place in places], [reference for _, reference in group])
            for place, picture in zip(places, made, strict=True):
                found[place] = picture
        return found

    def crops(
        self, rows: Sequence[int], size: int = 224, places: torch.Tensor | None = None
    ) -> list[torch.Tensor | ImageError]:
        """Give a square of each of several rows' pictures, which are made whole before it is cut.

        Args:
            rows: Row numbers.
            size: Side of the squares in pixels; smaller pictures are enlarged, as ``syndr.images.random_crop`` does.
            places: (rows, 2) uniform draws in [0, 1) for the vertical and the horizontal place; None is the centre.

        Returns:
            For each row its crop, (3, size, size) uint8 RGB on the device, or the error that stands against it.

        Raises:
            InputError: When the size or the draws are not usable.
        """
        from syndr.images import center_crop, random_crop

        if places is not None and tuple(places.shape) != (len(rows), 2):
            raise InputError(
                f"{len(rows)} crops need ({len(rows)}, 2) draws for their places; got {tuple(places.shape)}"
            )
        crops = self.images(rows)
        for number, picture in enumerate(crops):
            if isinstance(picture, ImageError):
                continue
            try:
                if places is None:
                    crops[number] = center_crop(picture, size)
                else:
                    crops[number] = random_crop(picture, size, *places[number].tolist())
            except ImageError as error:  # too elongated to be enlarged
                crops[number] = error
        return crops

    def materialize(
        self, folder: str | Path, format: Literal["png", "bmp"] = "png", progress: Progress = silent
    ) -> tuple[Samples, list[Rejected]]:
        """Write every picture to ``folder/<id>.<format>``; pictures already there are not made again.

        ``folder/virtual.json`` says which rows the pictures are of, and which network made those of type 15, so that
        a folder begun with others is refused.
        ``folder/metadata.csv``, written last, is the table for Hugging Face's ``imagefolder``. Rows that follow each
        other and share their reference are made together; they are written on threads while the next are made.

        Returns:
            The table of pictures written, with ``path`` and ``file_name`` (relative to the folder) and without seeds,
            and the rows set aside (their ``path`` is the reference's).

        Raises:
            StoreError: When the folder holds pictures of other rows, or of another network for type 15.
        """
        from syndr.images import PictureWriter

        folder = Path(folder)
        self._claim(folder, format)
        problems: dict[int, str] = {}
        with PictureWriter() as writer:
            for _, group in groupby(range(len(self)), key=self._path):
                rows = list(group)
                progress("materialize", rows[0], len(self))
                for row, picture in self._missing(rows, folder, format):
                    if isinstance(picture, ImageError):
                        problems[row] = str(picture)
                    else:
                        writer.write(folder / self._file_name(row, format), picture.cpu())
        kept = self.samples.take([row for row in range(len(self)) if row not in problems])
        names = [f"{sample_id}.{format}" for sample_id in kept.ids]
        table = kept.with_column("path", [str(folder / name) for name in names]).with_column("file_name", names)
        if "seed" in table:
            table = Samples(table.table.drop_columns(["seed"]))
        write_metadata(folder, table)
        progress("materialize", len(self), len(self))
        rejected = [Rejected(self._id(row), self._path(row) or "", problems[row]) for row in sorted(problems)]
        return table, rejected

    def _missing(self, rows: list[int], folder: Path, format: str) -> Iterator[tuple[int, torch.Tensor | ImageError]]:
        """Make the pictures of one reference that are not in the folder, so many at once as memory allows."""
        wanted: list[int] = []
        for row in rows:
            try:
                # Written atomically: one that is there is whole.
                if not (folder / self._file_name(row, format)).exists():
                    wanted.append(row)
            except ImageError as error:
                yield row, error
        at_once = 1
        if len(wanted) > 1:
            [source] = self._read(wanted[:1])
            at_once = len(wanted) if isinstance(source, ImageError) else max(1, _MADE_BYTES // source.nbytes)
        for start in range(0, len(wanted), at_once):
            batch = wanted[start : start + at_once]
            yield from zip(batch, self.images(batch), strict=True)

    def _claim(self, folder: Path, format: str) -> None:
        defining = [name for name in ("id", "path", "type", "level", "seed") if name in self.samples]
        wanted = {"rows": self.samples.columns(*defining).content_hash(), "format": format}
        wanted |= made_with(virtual_types(self.samples))
        record = folder / "virtual.json"
        if not record.exists():
            if folder.is_dir() and not all(is_unfinished(path) for path in folder.iterdir()):
                raise StoreError(f"{folder} holds files of something else; choose another folder, or empty it")
            write_json(record, wanted)
        else:
            there = read_json(record)
            others = {"rows": "of other rows", "format": "in another format", "dncnn": "of another network for type 15"}
            for key, how in others.items():
                if there.get(key) != wanted.get(key):
                    raise StoreError(f"{folder} holds pictures {how}; choose another folder, or delete it")
        remove_unfinished(folder)

    def _id(self, row: int) -> str:
        name: str = self.samples.table["id"][row].as_py()
        return name

    def _path(self, row: int) -> str | None:
        path: str | None = self._paths[row].as_py()
        return path

    def _file_name(self, row: int, format: str) -> str:
        name = self._id(row)
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts:
            raise ImageError(f"id {name!r} leads out of the folder; give the row another id")
        return f"{name}.{format}"

    def _read(self, rows: Sequence[int]) -> list[torch.Tensor | ImageError]:
        """Read the rows' files, on the CPU; a reference is read once and shared, so it must not be changed."""
        from syndr.images import decode

        read: dict[str, torch.Tensor | ImageError] = {}
        found: list[torch.Tensor | ImageError] = []
        for row in rows:
            path = self._path(row)
            if not path:
                found.append(ImageError(f"{self._id(row)}: the row has no path; fill the column in"))
                continue
            virtual = self._virtual[row]
            if not virtual or path not in read:
                try:
                    read[path] = self._references.get(path) if virtual else decode(path)
                except ImageError as error:
                    read[path] = error
            found.append(read[path])
        return found

    def _distorted(self, rows: list[int], references: list[torch.Tensor]) -> list[torch.Tensor | ImageError]:
        """Distort references of one size, each by its row's type, level and seed."""
        import torch

        from syndr.distort import distort

        first = references[0]
        if all(reference is first for reference in references):
            batch = first.to(self.device).expand(len(rows), -1, -1, -1)  # not copied for each row
        else:
            batch = torch.stack(references).to(self.device)
        types, levels, seeds = (self._recipe[name][rows].tolist() for name in ("type", "level", "seed"))
        try:
            return list(distort(batch, types, levels, seeds, ids=[self._id(row) for row in rows]))
        except InputError as error:
            if len(rows) == 1:
                return [ImageError(f"{self._path(rows[0])}: {error}")]
            # Some are to blame; each is made alone.
            alone = (self._distorted([row], [reference]) for row, reference in zip(rows, references, strict=True))
            return [picture for [picture] in alone]


def _column(samples: Samples, name: str) -> pa.ChunkedArray:
    if name not in samples:
        raise InputError(f"sample table has no column {name!r}, which its pictures need")
    return samples.table[name]
