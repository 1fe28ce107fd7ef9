"""The virtual data set: a row (reference, type, level, seed) *is* a picture, and need not touch the disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from syndr.errors import ImageError, InputError
from syndr.images import Rejected
from syndr.progress import Progress, silent
from syndr.samples import Samples
from syndr.virtual.rows import check_types, made_with

if TYPE_CHECKING:
    import torch


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
        found = self.sources(rows)
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
        from syndr.virtual.materialize import materialize

        return materialize(self, Path(folder), format, progress)

    def _id(self, row: int) -> str:
        name: str = self.samples.table["id"][row].as_py()
        return name

    def _path(self, row: int) -> str | None:
        path: str | None = self._paths[row].as_py()
        return path

    def sources(self, rows: Sequence[int]) -> list[torch.Tensor | ImageError]:
        """Read the rows' files, undistorted, on the CPU; a reference is read once and shared: do not change it."""
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
