"""The virtual data set: a row (reference, type, level, seed) *is* a picture, and need not touch the disk."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow.compute as pc

from syndr.errors import ImageError, InputError, StoreError
from syndr.files import read_json, write_json
from syndr.images import Rejected
from syndr.progress import Progress, silent, track
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


class VirtualDataset:
    """Pictures of a sample table: read from their files, or distorted from their references on the fly.

    Args:
        samples: Table with ``path``; a row with a ``seed`` is virtual and also has ``type`` and ``level``.
        device: Where distortions are made.
        cache_bytes: Most memory for decoded reference images, which many rows share; other pictures are not kept.

    Raises:
        InputError: For a virtual row whose type cannot be synthesized.
    """

    def __init__(self, samples: Samples, device: str = "cpu", cache_bytes: int = 1 << 29) -> None:
        self.samples = samples
        self.device = device
        self._paths = samples["path"]
        columns = [name for name in ("type", "level", "seed") if name in samples]
        self._made: dict[int, dict[str, int]] = {}
        if "seed" in columns:
            # Through Arrow's own rows: as a NumPy column with nulls, 64-bit seeds would turn to floats and lose digits.
            rows = samples.table.select(columns).to_pylist()
            self._made = {row: entry for row, entry in enumerate(rows) if entry["seed"] is not None}
            check_types({entry["type"] for entry in self._made.values()})
        self._references = _PictureCache(cache_bytes)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, row: int) -> torch.Tensor:
        return self.image(row)

    def __iter__(self) -> Iterator[torch.Tensor]:
        return (self.image(row) for row in range(len(self)))

    def image(self, row: int) -> torch.Tensor:
        """Give the picture of a row: (3, H, W) uint8 RGB, the caller's own.

        Raises:
            ImageError: When the file cannot be read, or the picture cannot be distorted (a constant one has no range
                to stretch).
        """
        path = self._paths[row]
        if not path:
            raise ImageError(f"{self.samples.ids[row]}: the row has no path; fill the column in")
        if row not in self._made:
            return _decode(path)
        from syndr.distort import distort

        made, name = self._made[row], self.samples.ids[row]
        picture = self._references.get(path)[None].to(self.device)
        try:
            return distort(picture, made["type"], made["level"], [made["seed"]], ids=[name])[0]
        except InputError as error:
            raise ImageError(f"{path}: {error}") from error

    def materialize(
        self, folder: str | Path, format: Literal["png", "bmp"] = "png", progress: Progress = silent
    ) -> tuple[Samples, list[Rejected]]:
        """Write every picture to ``folder/<id>.<format>``; pictures already there are not made again.

        ``folder/virtual.json`` says which rows the pictures are of, and which network made those of type 15, so that a
        folder begun with others is refused.

        Returns:
            The table of pictures written, with ``path`` and ``file_name`` (relative to the folder) and without seeds,
            and the rows set aside (their ``path`` is the reference's).

        Raises:
            StoreError: When the folder holds pictures of other rows, or of another network for type 15.
        """
        folder = Path(folder)
        self._claim(folder, format)
        written: list[int] = []
        rejected: list[Rejected] = []
        for row in track(range(len(self)), "materialize", len(self), progress):
            try:
                self._write(row, folder / _inside(f"{self.samples.ids[row]}.{format}"))
                written.append(row)
            except ImageError as error:
                rejected.append(Rejected(self.samples.ids[row], self._paths[row], str(error)))
        kept = self.samples.take(written)
        names = [f"{sample_id}.{format}" for sample_id in kept.ids]
        table = kept.with_column("path", [str(folder / name) for name in names]).with_column("file_name", names)
        return (Samples(table.table.drop_columns(["seed"])) if "seed" in table else table), rejected

    def _claim(self, folder: Path, format: str) -> None:
        defining = [name for name in ("id", "path", "type", "level", "seed") if name in self.samples]
        wanted = {"rows": self.samples.columns(*defining).content_hash(), "format": format}
        wanted |= made_with(virtual_types(self.samples))
        record = folder / "virtual.json"
        if not record.exists():
            if folder.is_dir() and any(folder.iterdir()):
                raise StoreError(f"{folder} holds files of something else; choose another folder, or empty it")
            write_json(record, wanted)
        elif read_json(record) != wanted:
            raise StoreError(
                f"{folder} holds pictures of other rows, or made with other weights of type 15's network; choose "
                "another folder, or delete it"
            )

    def _write(self, row: int, path: Path) -> None:
        from syndr.images import write_image

        if not path.exists():  # written atomically: one that is there is whole
            write_image(path, self.image(row).cpu())


def _inside(name: str) -> str:
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise ImageError(f"id {name.rpartition('.')[0]!r} leads out of the folder; give the row another id")
    return name


class _PictureCache:
    """Decoded pictures by path, least recently used first out; threads may share it."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._pictures: OrderedDict[str, torch.Tensor] = OrderedDict()
        self._lock = Lock()

    def get(self, path: str) -> torch.Tensor:
        with self._lock:
            if path in self._pictures:
                self._pictures.move_to_end(path)
                return self._pictures[path]
        picture = _decode(path)  # outside the lock: two threads may do it twice, none waits for another's file
        with self._lock:
            if path not in self._pictures:
                self._pictures[path] = picture
                self._held += picture.nbytes
            while self._held > self._most:
                self._held -= self._pictures.popitem(last=False)[1].nbytes
        return picture


def _decode(path: str) -> torch.Tensor:
    from syndr.images import decode

    return decode(path)
