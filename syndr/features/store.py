"""The feature store: a folder of memory-mapped features, the sample table of their rows, and a manifest."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from syndr.errors import InputError, StoreError, SyndrError
from syndr.features.manifest import FORMAT, Manifest
from syndr.files import atomic_path
from syndr.samples import Samples

FEATURES, INDEX, MANIFEST = "features.npy", "index.parquet", "manifest.json"
DTYPES = ("float32", "float16")


class FeatureStore:
    """Features of a set of images, keyed by the images' ids.

    The folder holds ``features.npy`` (one row per image), ``index.parquet`` (their sample table, in the same
    order) and ``manifest.json``; :func:`~syndr.features.extract` adds ``rejected.csv``. The folder takes its
    name only when everything is in it.

    Attributes:
        path: The folder.
        manifest: What the features were made from and with.
        features: Read-only array of shape (rows, dims), float32 or float16, mapped from the file.
    """

    path: Path
    manifest: Manifest
    features: npt.NDArray[np.floating]

    def __init__(self, path: str | Path) -> None:
        """Open a store; the same as :meth:`open`."""
        self.path = Path(path)
        self.manifest = read_manifest(self.path)
        self.features = self._map_features()
        self._check_index()

    @classmethod
    def open(cls, path: str | Path) -> FeatureStore:
        """Open a store.

        Raises:
            StoreError: When the folder is absent, unfinished, damaged or of a newer format.
        """
        return cls(path)

    @classmethod
    def create(
        cls, path: str | Path, samples: Samples, features: npt.ArrayLike, manifest: Manifest | None = None
    ) -> FeatureStore:
        """Write a store from features at hand; the folder appears whole or not at all.

        Args:
            path: The folder to make; it may not exist yet, unless empty.
            samples: Sample table with one row per feature row, in the same order.
            features: Array of shape (rows, dims), float32 or float16, C order for speed.
            manifest: What the features come from; ``rows``, ``dims`` and ``dtype`` are filled in here, and
                ``source`` where it is not known.

        Raises:
            InputError: When the array has another shape or dtype, or not one row per sample.
            StoreError: When something is at ``path`` already.
        """
        path, features = Path(path), np.asanyarray(features)
        if features.ndim != 2 or features.dtype not in map(np.dtype, DTYPES):
            raise InputError(
                f"a store holds features of shape (rows, dims) in {' or '.join(DTYPES)}, "
                f"not {features.dtype} {features.shape}; convert them first"
            )
        if len(features) != len(samples):
            raise InputError(f"{len(features)} feature rows do not fit a table of {len(samples)} samples")
        if is_occupied(path):
            raise StoreError(f"{path}: something is there already; delete it or choose another folder")
        manifest = manifest or Manifest()
        source = samples.content_hash() if manifest.source == "unknown" else manifest.source
        manifest = msgspec.structs.replace(
            manifest, rows=len(features), dims=features.shape[1], dtype=features.dtype.name, source=source
        )
        folder = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        folder.mkdir(parents=True)
        try:
            with atomic_path(folder / FEATURES) as temporary:
                np.save(temporary, features, allow_pickle=False)
            samples.write(folder / INDEX)
            write_manifest(folder, manifest)
            folder.replace(path)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(path)

    @cached_property
    def samples(self) -> Samples:
        """The sample table, one row per feature row, in the same order (read on first use)."""
        try:
            return Samples.read(self.path / INDEX)
        except SyndrError as error:
            raise StoreError(f"{self.path}: {INDEX} is damaged ({error}); make the store again") from error

    @property
    def ids(self) -> list[str]:
        """The ids in row order."""
        return self.samples.ids

    def rows(self, ids: Sequence[str]) -> npt.NDArray[np.floating]:
        """Give the features of these ids, in this order, as a new array of shape (len(ids), dims).

        Raises:
            InputError: When an id is not in the store.
        """
        unknown = [sample_id for sample_id in ids if sample_id not in self.samples.row_of]
        if unknown:
            raise InputError(f"{self.path}: {len(unknown)} ids are not in the store, first {unknown[:5]}")
        return self.features[[self.samples.row_of[sample_id] for sample_id in ids]]

    def __len__(self) -> int:
        return self.manifest.rows

    def _map_features(self) -> npt.NDArray[np.floating]:
        path, manifest = self.path / FEATURES, self.manifest
        try:
            features = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise StoreError(f"{self.path}: {FEATURES} is absent or damaged ({error}); make the store again") from error
        expected = ((manifest.rows, manifest.dims), manifest.dtype)
        if (features.shape, features.dtype.name) != expected:
            raise StoreError(
                f"{self.path}: {FEATURES} holds {features.dtype} {features.shape}, "
                f"the manifest says {expected[1]} {expected[0]}; make the store again"
            )
        mapped: npt.NDArray[np.floating] = features
        return mapped

    def _check_index(self) -> None:
        try:
            rows = pyarrow.parquet.read_metadata(self.path / INDEX).num_rows
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{self.path}: {INDEX} is absent or damaged ({error}); make the store again") from error
        if rows != len(self):
            raise StoreError(f"{self.path}: {INDEX} has {rows} rows for {len(self)} features; make the store again")


class _Format(msgspec.Struct):
    format: int


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a store, finished or not.

    Raises:
        StoreError: When there is no store, it is unfinished, or its manifest is damaged or of a newer format.
    """
    try:
        data = (folder / MANIFEST).read_bytes()
        # The format is read by itself first, as the other fields of another format may not fit.
        found = msgspec.json.decode(data, type=_Format).format
        manifest = msgspec.json.decode(data, type=Manifest) if found == FORMAT else None
    except OSError as error:
        if partial_folder(folder).is_dir():
            advice = f"its extraction is unfinished ({partial_folder(folder)}); run it again and it goes on"
        else:
            advice = f"give a folder made by extract (it holds {MANIFEST})"
        raise StoreError(f"{folder}: not a feature store; {advice}") from error
    except msgspec.MsgspecError as error:
        raise StoreError(f"{folder}: {MANIFEST} is damaged ({error}); make the store again") from error
    if manifest is None:
        raise StoreError(
            f"{folder}: the store has format {found}, this version of syndr reads format {FORMAT}; "
            "use the version that made it, or make the store again"
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a folder, whole or not at all."""
    with atomic_path(folder / MANIFEST) as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))


def partial_folder(path: Path) -> Path:
    """Give the folder that holds an unfinished store, beside the place of the finished one."""
    return path.with_name(path.name + ".partial")


def is_occupied(path: Path) -> bool:
    """Say whether something other than an empty folder is at ``path``."""
    return path.is_file() or (path.is_dir() and any(os.scandir(path)))
