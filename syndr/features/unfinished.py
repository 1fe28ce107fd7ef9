"""A store in the making: rows appended batch by batch, with marks of completion to go on from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from syndr.errors import StoreError
from syndr.features.manifest import Manifest
from syndr.features.store import (
    FEATURES,
    INDEX,
    MANIFEST,
    FeatureStore,
    partial_folder,
    read_manifest,
    write_manifest,
)
from syndr.images.rejected import Rejected, write_rejected
from syndr.samples import Samples

_JOURNAL = "journal.jsonl"
_REJECTED = "rejected.csv"


class _Mark(msgspec.Struct, array_like=True):
    """One line of the journal: a batch is finished and its rows are in the file."""

    rows: int  # rows kept so far, this batch included
    rejected: list[Rejected]


class UnfinishedStore:
    """The folder ``<name>.partial`` in which a store grows; use it as a context manager.

    The rows kept are appended to ``features.npy``; then one line is appended to a journal. Whatever lies
    behind the last whole line is cut off on resuming, so that a kill at any moment costs at most one batch.

    Attributes:
        batches: Number of finished batches.
        rejected: The rows set aside so far.
    """

    _features: BinaryIO
    _journal: BinaryIO

    def __init__(self, target: Path, manifest: Manifest) -> None:
        """Start a store, or go on with an unfinished one.

        Args:
            target: Where the finished store will be.
            manifest: The settings.

        Raises:
            StoreError: When the unfinished store was started with other settings, or is damaged.
        """
        self._target, self._manifest, self._folder = target, manifest, partial_folder(target)
        if not (self._folder / MANIFEST).exists():
            self._start()
        marks = self._resume()
        self.batches = len(marks)
        self.rejected = [entry for mark in marks for entry in mark.rejected]
        self._rows = marks[-1].rows if marks else 0

    def append(self, features: npt.NDArray[np.floating], rejected: list[Rejected]) -> None:
        """Add a finished batch: the features of the rows kept, and the rows set aside."""
        self._features.write(np.ascontiguousarray(features, self._manifest.dtype).tobytes())
        _flush(self._features)
        self._rows += len(features)
        self._journal.write(msgspec.json.encode(_Mark(self._rows, rejected)) + b"\n")
        _flush(self._journal)
        self.batches += 1
        self.rejected += rejected

    def finish(self, samples: Samples) -> FeatureStore:
        """Complete the folder and give it its name.

        Args:
            samples: The whole sample table, rejected rows included.
        """
        self._features.seek(0)
        self._write_header(self._features, self._rows)
        _flush(self._features)
        self.close()
        aside = {entry.id for entry in self.rejected}
        kept = [row for row, sample_id in enumerate(samples.ids) if sample_id not in aside]
        samples.take(kept).write(self._folder / INDEX)
        write_rejected(self._folder / _REJECTED, self.rejected)
        write_manifest(self._folder, msgspec.structs.replace(self._manifest, rows=self._rows))
        self._folder.replace(self._target)
        (self._target / _JOURNAL).unlink()
        return FeatureStore.open(self._target)

    def discard(self) -> None:
        """Remove the folder and all that is in it."""
        self.close()
        shutil.rmtree(self._folder)

    def close(self) -> None:
        """Close the files; what is finished stays in place."""
        self._features.close()
        self._journal.close()

    def __enter__(self) -> UnfinishedStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        # Without a manifest nothing was finished: the folder is new, or its start was cut short.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        with (self._folder / FEATURES).open("wb") as file:
            self._write_header(file, rows=0)
        (self._folder / _JOURNAL).touch()
        write_manifest(self._folder, self._manifest)

    def _resume(self) -> list[_Mark]:
        changed = read_manifest(self._folder).differences(self._manifest, versions=True)
        if changed:
            raise StoreError(
                f"{self._folder}: the unfinished store was started with other settings: {changed}; "
                "go on with the same settings, or delete that folder to start again"
            )
        try:
            self._features = (self._folder / FEATURES).open("r+b")
            self._journal = (self._folder / _JOURNAL).open("r+b")
            lines = self._journal.read().split(b"\n")[:-1]  # what follows the last newline is half a line
            marks = [msgspec.json.decode(line, type=_Mark) for line in lines]
            np.lib.format.read_magic(self._features)
            np.lib.format.read_array_header_1_0(self._features)
        except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
            raise self._damaged(str(error)) from error
        _cut_behind(self._journal, sum(len(line) + 1 for line in lines))
        row_bytes = self._manifest.dims * np.dtype(self._manifest.dtype).itemsize
        end = self._features.tell() + row_bytes * (marks[-1].rows if marks else 0)
        if (self._folder / FEATURES).stat().st_size < end:
            raise self._damaged(f"{FEATURES} is shorter than its journal says")
        _cut_behind(self._features, end)
        return marks

    def _write_header(self, file: BinaryIO, rows: int) -> None:
        # NumPy pads the header so that its length does not depend on the number of rows.
        shape, kind = (rows, self._manifest.dims), np.dtype(self._manifest.dtype)
        header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)

    def _damaged(self, reason: str) -> StoreError:
        return StoreError(
            f"{self._folder}: the unfinished store is damaged ({reason}); delete that folder to start again"
        )


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _cut_behind(file: BinaryIO, length: int) -> None:
    file.truncate(length)
    file.seek(length)
