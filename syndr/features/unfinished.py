"""A store in the making: rows appended batch by batch, with marks of completion to go on from."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Annotated, BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from syndr.errors import StoreError
from syndr.features.index import FILE_COLUMNS, build_index
from syndr.features.manifest import Manifest
from syndr.features.shards import SHARD_BYTES, ShardFile, recorded, shard_name, stored_rows
from syndr.features.store import MANIFEST, FeatureStore, partial_folder, read_manifest, write_manifest, write_tables
from syndr.files import full_disk_explained
from syndr.folders import LOCK, is_occupied, locked
from syndr.images import REJECTED, Rejected, write_rejected
from syndr.samples import Samples

_JOURNAL = "journal.jsonl"

_FACTS_AT_ONCE = 1 << 16  # as Python objects; the table is smaller

_Bytes = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Pixels = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
#: Of a row's file, in the order of ``FILE_COLUMNS``: size, content hash, width, height.
Facts = tuple[_Bytes | None, str | None, _Pixels | None, _Pixels | None]


class _Mark(msgspec.Struct, array_like=True):
    """One line of the journal: a batch is finished and its rows are in the shard."""

    shard: int
    checksum: int  # CRC-32 of the rows' bytes
    rejected: list[Rejected]
    facts: list[Facts]  # one for each row kept


class UnfinishedStore:
    """The folder ``<name>.partial`` in which a store grows; use it as a context manager.

    The rows kept are appended to a shard; then one line is appended to a journal. On resuming, a line counts when it
    is whole and its rows are in the shard with the checksum it says; whatever lies behind the last such line is cut
    off. So a kill at any moment costs at most one batch, and a power failure what had not reached the disk.

    Attributes:
        batches: Number of finished batches.
        rejected: The rows set aside so far.
        complete: Whether only :meth:`finish` is left to be called.
    """

    _shard: ShardFile
    _journal: BinaryIO

    def __init__(self, target: Path, manifest: Manifest) -> None:
        """Start a store, or go on with an unfinished one.

        Args:
            target: Where the finished store will be.
            manifest: The settings.

        Raises:
            StoreError: When the unfinished store was started with other settings, is damaged, or another process is
                writing it; or when the disk is full.
        """
        self._target, self._manifest, self._folder = target, manifest, partial_folder(target)
        self._lock = ExitStack()
        with full_disk_explained(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.enter_context(locked(self._folder))
            try:
                self._check_place()
                if not (self._folder / MANIFEST).exists():
                    self._start()
                self._resume()
            except BaseException:
                self._lock.close()
                raise

    def append(self, features: npt.NDArray[np.floating], rejected: list[Rejected], facts: list[Facts]) -> None:
        """Add a finished batch.

        Args:
            features: The features of the rows kept.
            rejected: The rows set aside.
            facts: What is known of the files of the rows kept.

        Raises:
            StoreError: When the disk is full; what was finished before stays, and the run can go on.
        """
        with full_disk_explained(self._folder):
            if self._shard.bytes >= SHARD_BYTES:
                self._shard.finish()
                self._number += 1
                self._shard = self._open_shard(0)
            checksum = zlib.crc32(self._shard.write(features))
            mark = _Mark(self._number, checksum, rejected, facts)
            _write_all(self._journal, msgspec.json.encode(mark) + b"\n")
        self.batches += 1
        self.rejected += rejected

    def finish(self, samples: Samples) -> FeatureStore:
        """Complete the folder and give it its name.

        Args:
            samples: The whole sample table, rejected rows included.
        """
        if not self.complete:
            with full_disk_explained(self._folder):
                self._shard.finish()
                counts, files = self._recorded_facts()
                shards = [recorded(self._folder / shard_name(number), rows) for number, rows in enumerate(counts)]
                aside = {entry.id for entry in self.rejected}
                kept = samples.take([row for row, sample_id in enumerate(samples.ids) if sample_id not in aside])
                write_tables(self._folder, kept, build_index(kept, shards, files))
                write_rejected(self._folder / REJECTED, self.rejected)
                write_manifest(self._folder, msgspec.structs.replace(self._manifest, shards=tuple(shards)))
        self._close_files()
        # From here on the manifest says that all is there, so that a kill leaves only this to be done.
        (self._folder / _JOURNAL).unlink(missing_ok=True)
        self._folder.replace(self._target)
        (self._target / LOCK).unlink()  # not before: until the name is there, nobody else may begin
        self._lock.close()
        return FeatureStore.open(self._target)

    def discard(self) -> None:
        """Remove the folder and all that is in it."""
        self._close_files()
        shutil.rmtree(self._folder)
        self._lock.close()

    def close(self) -> None:
        """Close the files; what is finished stays in place."""
        self._close_files()
        self._lock.close()

    def _close_files(self) -> None:
        if not self.complete:
            self._shard.close()
            self._journal.close()

    def _check_place(self) -> None:
        """Refuse to begin what another process has finished since the caller looked."""
        if is_occupied(self._target):
            if not (self._folder / MANIFEST).exists():
                shutil.rmtree(self._folder)
            raise StoreError(f"{self._target}: another process has just finished it; run this again to use it")

    def __enter__(self) -> UnfinishedStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        # Without a manifest nothing was finished: the folder is new, or its start was cut short.
        for path in self._folder.iterdir():
            if path.name != LOCK:
                path.unlink()
        write_manifest(self._folder, self._manifest)

    def _resume(self) -> None:
        begun = read_manifest(self._folder)
        changed = begun.differences(self._manifest, versions=True)
        if changed:
            raise StoreError(
                f"{self._folder}: the unfinished store was started with other settings: {changed}; "
                "go on with the same settings, or delete that folder to start again"
            )
        end = self.batches = rows = self._number = 0
        self.rejected: list[Rejected] = []
        self.complete = bool(begun.shards)
        if self.complete:
            return
        for mark, length in self._intact():
            rows = len(mark.facts) + (rows if mark.shard == self._number else 0)
            self._number = mark.shard
            self.batches += 1
            self.rejected += mark.rejected
            end += length
        self._journal = (self._folder / _JOURNAL).open("ab", buffering=0)  # type: ignore[assignment]
        self._journal.truncate(end)
        for path in self._folder.glob(shard_name(0).replace("00000", "*")):
            if path.name > shard_name(self._number):
                path.unlink()
        self._shard = self._open_shard(rows)

    def _intact(self) -> Iterator[tuple[_Mark, int]]:
        """Give the marks up to the first whose rows are not there, each with the length of its line."""
        for place, (number, group) in enumerate(groupby(self._lines(), key=lambda entry: entry[0].shard)):
            entries = list(group)
            path = self._folder / shard_name(place)
            if number != place or not path.exists():
                return
            manifest = self._manifest
            counts = [len(mark.facts) for mark, _ in entries]
            stored = stored_rows(path, manifest.dims, manifest.dtype, counts)
            for entry, data in zip(entries, stored, strict=True):
                if zlib.crc32(data) != entry[0].checksum:
                    return
                yield entry

    def _lines(self) -> Iterator[tuple[_Mark, int]]:
        """Give the marks up to the first line that is not whole, each with the length of its line."""
        path = self._folder / _JOURNAL
        if not path.exists():
            return
        with path.open("rb") as journal:
            for line in journal:
                try:
                    mark = msgspec.json.decode(line, type=_Mark)
                except msgspec.MsgspecError:
                    return
                if not line.endswith(b"\n"):
                    return
                yield mark, len(line)

    def _recorded_facts(self) -> tuple[list[int], pa.Table]:
        """Give the number of rows of each shard, and what the journal knows of every row's file."""
        counts = [0] * (self._number + 1)
        tables = [FILE_COLUMNS.empty_table()]
        facts: list[Facts] = []
        for mark, _ in self._lines():
            counts[mark.shard] += len(mark.facts)
            facts += mark.facts
            if len(facts) >= _FACTS_AT_ONCE:
                tables.append(_facts_table(facts))
                facts.clear()
        return counts, pa.concat_tables([*tables, _facts_table(facts)])

    def _open_shard(self, rows: int) -> ShardFile:
        path = self._folder / shard_name(self._number)
        return ShardFile(path, self._manifest.dims, self._manifest.dtype, rows)


def _facts_table(facts: list[Facts]) -> pa.Table:
    columns = [[fact[place] for fact in facts] for place in range(len(FILE_COLUMNS))]
    return pa.table(dict(zip(FILE_COLUMNS.names, columns, strict=True)), schema=FILE_COLUMNS)


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
