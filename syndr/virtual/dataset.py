"""The virtual data set: a row (reference, type, level, seed) *is* a picture, and need not touch the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from syndr.cluster import Engine
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
        cache_bytes: Most memory for decoded pictures that are kept: first for references, which many rows share, on a
            device in its own memory (``device_cache_bytes``) before this one.
        device_cache_bytes: Most memory of the device for references; by default an eighth of what is free, on CUDA.
        cache_files: Whether pictures of rows that are not virtual are kept too, as pays where they are asked for again,
            in each epoch.
        device_keep_bytes: With ``cache_files``, most memory of the device for pictures as they are given out, virtual
            ones too, which then are not made again; by default a quarter of what is free, on CUDA. On a CPU it is for
            virtual ones alone, and half of ``cache_bytes`` by default, where there are any.
        input_size: What pictures of rows that are not virtual are brought to (:func:`syndr.images.resize_input`);
            virtual ones keep their reference's size.

    Raises:
        InputError: When a column is missing, a virtual row lacks a type or level or has a type that cannot be
            synthesized, the network chosen for type 15 cannot be used, or there is no such input size.
    """

    def __init__(
        self,
        samples: Samples,
        device: str = "cpu",
        cache_bytes: int = 1 << 29,
        device_cache_bytes: int | None = None,
        cache_files: bool = False,
        device_keep_bytes: int | None = None,
        input_size: str = "native",
    ) -> None:
        from syndr.images import PictureCache, check_input_size
        from syndr.virtual.kept import KeptPictures

        self.samples = samples
        self.device = device
        check_input_size(input_size)
        self.input_size = input_size
        self._made_by = (samples, device, cache_bytes, device_cache_bytes, cache_files, device_keep_bytes, input_size)
        self._paths = _column(samples, "path")
        self._virtual = np.zeros(len(samples), dtype=bool)
        self._recipe: dict[str, npt.NDArray[np.int64]] = {}
        if "seed" in samples:
            self._virtual = _column(samples, "seed").is_valid().to_numpy()
        here = device.startswith("cpu")
        if cache_files and device_keep_bytes is None:
            device_keep_bytes = _free_bytes(device) // 4
            if here and self._virtual.any():
                device_keep_bytes = cache_bytes = cache_bytes // 2
        self._files = self._references = PictureCache(cache_bytes, _read)
        if not here:
            most = _free_bytes(device) // 8 if device_cache_bytes is None else device_cache_bytes
            self._references = PictureCache(most, self._to_device)
        self._cache_files, self._keeps_files = cache_files, not here
        self._kept: KeptPictures | None = None
        if cache_files and device_keep_bytes:
            self._kept = KeptPictures(device_keep_bytes, len(samples), device)
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

    def __reduce__(self) -> tuple[type[VirtualDataset], tuple[Any, ...]]:
        return type(self), self._made_by  # another process starts with caches of its own

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, row: int) -> torch.Tensor:
        return self.image(row)

    def __call__(self, row: int) -> torch.Tensor:
        """Give the picture of a row, as :meth:`image` does."""
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
        kept = self._kept
        if kept is None:
            return self._made(rows)
        new = [place for place, row in enumerate(rows) if row not in kept]
        made = dict(zip(new, self._made([rows[place] for place in new]), strict=True))
        for place, picture in made.items():
            if not isinstance(picture, ImageError) and (self._keeps_files or self._virtual[rows[place]]):
                kept.add(rows[place], picture)
        return [made[place] if place in made else kept.picture(row).clone() for place, row in enumerate(rows)]

    def _made(self, rows: Sequence[int]) -> list[torch.Tensor | ImageError]:
        """Do as :meth:`images`, whatever has been kept."""
        from syndr.images.devices import send

        found = self.sources(rows)
        alike: dict[torch.Size, list[tuple[int, torch.Tensor]]] = {}
        for place, (row, picture) in enumerate(zip(rows, found, strict=True)):
            if isinstance(picture, ImageError):
                continue
            if self._virtual[row]:
                alike.setdefault(picture.shape, []).append((place, picture))
            else:
                found[place] = send(picture, self.device)
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
        from syndr.images.devices import on_this_stream

        if places is not None and tuple(places.shape) != (len(rows), 2):
            raise InputError(
                f"{len(rows)} crops need ({len(rows)}, 2) draws for their places; got {tuple(places.shape)}"
            )
        if places is not None and not bool(((places >= 0) & (places < 1)).all()):
            raise InputError(f"crops: uniform draws must lie in [0, 1), not {places.tolist()[:5]}")
        at = [None] * len(rows) if places is None else [(y, x) for y, x in places.tolist()]
        numbers = range(len(rows))
        whole = [number for number in numbers if self._made_whole(rows[number], size)]
        made = dict(zip(whole, self.images([rows[number] for number in whole]), strict=True))
        found: dict[int, torch.Tensor | ImageError] = {}
        if self._kept is not None and (kept := [number for number in numbers if self._kept.has(rows[number], size)]):
            cut = self._kept.crops([rows[number] for number in kept], size, [at[number] for number in kept])
            found = dict(zip(kept, cut, strict=True))
        found |= {number: _cut(made[number], size, at[number]) for number in whole if number not in found}
        files = [number for number in numbers if number not in found]

        def cut_from_file(number: int) -> torch.Tensor | ImageError:
            return self._file_crop(rows[number], size, at[number])

        found |= zip(files, _each(files, on_this_stream(cut_from_file, self.device)), strict=True)
        return [found[number] for number in numbers]

    def _made_whole(self, row: int, size: int) -> bool:
        """Say whether a row's whole picture is needed for a crop: to distort it, to keep it, or to enlarge it."""
        kept = self._kept
        if kept is None:
            return bool(self._virtual[row])
        to_keep = self._keeps_files and not kept.full
        return not kept.has(row, size) and (bool(self._virtual[row]) or row in kept or to_keep)

    def _file_crop(self, row: int, size: int, place: tuple[float, float] | None) -> torch.Tensor | ImageError:
        """Give the crop of a row's file; where the picture is not kept, only the crop is converted."""
        from syndr.images import read_picture
        from syndr.images.devices import send

        path = self._path(row)
        try:
            if not path:
                raise ImageError(f"{self._id(row)}: {_NO_PATH}")
            file = _File(path, self.input_size)
            if self._cache_files and (file in self._files or not self._files.full):
                picture = self._files.get(file)
            elif self.input_size != "native":
                picture = _read(file)
            else:
                picture = read_picture(path, square=size, place=place).pixels
        except ImageError as error:
            return error
        crop = _cut(picture, size, place)
        return crop if isinstance(crop, ImageError) else send(crop, self.device)

    def materialize(
        self,
        folder: str | Path,
        format: Literal["png", "bmp"] = "png",
        progress: Progress = silent,
        engine: Engine = "local",
        address: str | None = None,
    ) -> tuple[Samples, list[Rejected]]:
        """Write every picture to ``folder/<id>.<format>``; pictures already there are not made again.

        ``folder/virtual.json`` says which rows the pictures are of, and which network made those of type 15, so that
        a folder begun with others is refused.
        ``folder/metadata.csv``, written last, is the table for Hugging Face's ``imagefolder``. Rows that follow each
        other and share their reference are made together; they are written on threads while the next are made.

        Args:
            folder: Where to write.
            format: File format.
            progress: Told the rows dealt with.
            engine: ``"local"``, or ``"ray"`` for the workers of a Ray cluster, which must see the references and the
                folder under the same names; they write the same bytes.
            address: The Ray cluster's (see :func:`syndr.cluster.connect`).

        Returns:
            The table of pictures written, with ``path`` and ``file_name`` (relative to the folder) and without seeds,
            and the rows set aside (their ``path`` is the reference's).

        Raises:
            StoreError: When the folder holds pictures of other rows, or of another network for type 15.
        """
        from syndr.virtual.materialize import materialize

        return materialize(self, Path(folder), format, progress, engine, address)

    def _id(self, row: int) -> str:
        name: str = self.samples.table["id"][row].as_py()
        return name

    def _path(self, row: int) -> str | None:
        path: str | None = self._paths[row].as_py()
        return path

    def sources(self, rows: Sequence[int]) -> list[torch.Tensor | ImageError]:
        """Read the rows' files, undistorted, at the input size; references are read once and shared: do not change."""
        from syndr.images.devices import on_this_stream

        paths = [self._path(row) for row in rows]
        shared = [_File(path) for path, row in zip(paths, rows, strict=True) if path and self._virtual[row]]
        references = dict.fromkeys(shared)
        read_reference = on_this_stream(self._references.get, self.device)
        read = dict(zip(references, _each(list(references), read_reference), strict=True))
        own = [path for path, row in zip(paths, rows, strict=True) if path and not self._virtual[row]]
        files = _each([_File(path, self.input_size) for path in own], _read)
        found: list[torch.Tensor | ImageError] = []
        for path, row in zip(paths, rows, strict=True):
            if not path:
                found.append(ImageError(f"{self._id(row)}: {_NO_PATH}"))
            else:
                found.append(read[_File(path)] if self._virtual[row] else next(files))
        return found

    def _to_device(self, reference: _File) -> torch.Tensor:
        """Give a reference on the device; main memory keeps those that the device has no room for."""
        return (self._files.get if self._references.full else _read)(reference).to(self.device)

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


_NO_PATH = "the row has no path; fill the column in"

Item = TypeVar("Item")


class _File(NamedTuple):
    """A file, and what its picture is brought to."""

    path: str
    size: str = "native"


def _read(file: _File) -> torch.Tensor:
    from syndr.images import decode, resize_input

    return resize_input(decode(file.path), file.size)


def _each(
    items: Sequence[Item], load: Callable[[Item], torch.Tensor | ImageError]
) -> Iterator[torch.Tensor | ImageError]:
    """Load several pictures on threads, in order; an ImageError is given, not raised."""
    from syndr.images import read_ahead

    if len(items) > 1:
        yield from read_ahead(items, load)
    for item in items if len(items) == 1 else ():
        try:
            yield load(item)
        except ImageError as error:
            yield error


def _cut(picture: torch.Tensor | ImageError, size: int, place: tuple[float, float] | None) -> torch.Tensor | ImageError:
    from syndr.images import center_crop, random_crop

    if isinstance(picture, ImageError):
        return picture
    try:
        return center_crop(picture, size) if place is None else random_crop(picture, size, *place)
    except ImageError as error:  # too elongated to be enlarged
        return error


def _free_bytes(device: str) -> int:
    import torch

    return torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else 0


def _column(samples: Samples, name: str) -> pa.ChunkedArray:
    if name not in samples:
        raise InputError(f"sample table has no column {name!r}, which its pictures need")
    return samples.table[name]
