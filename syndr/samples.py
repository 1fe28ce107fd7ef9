"""The sample table: one row per image, a stable string id, and whatever other columns the user brings."""

from __future__ import annotations

import hashlib
import json
import mmap
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from syndr.claims import check_parquet
from syndr.errors import InputError
from syndr.files import atomic_path, plain

#: Columns with a meaning of their own; any other column passes through untouched.
KNOWN_COLUMNS: dict[str, pa.DataType] = {
    "id": pa.string(),  # unique, never a position
    "path": pa.string(),  # the picture's file; for a virtual row the file of its reference image
    "reference": pa.string(),  # id of the reference image
    "type": pa.int64(),  # KADID distortion type 1..25
    "level": pa.int64(),  # KADID level 1..5
    "seed": pa.int64(),  # the row is virtual: its picture is made by distorting the reference with this seed
    "score": pa.float64(),  # the database's own label
    "quality": pa.float64(),  # 0-10, higher is better
    "origin": pa.string(),  # "original" or "pseudo"
    "split": pa.string(),
}


@dataclass(frozen=True)
class Samples:
    """An immutable table of images, keyed by ``id``.

    Attributes:
        table: The Arrow table. Column ``id`` (string, unique, no nulls) is always there; the other names in
            ``KNOWN_COLUMNS`` have the type listed there when present.
    """

    table: pa.Table

    def __post_init__(self) -> None:
        """Check ids and give the known columns their types."""
        repeated = [name for name, count in Counter(self.table.column_names).items() if count > 1]
        if repeated:
            raise InputError(f"sample table: columns occur more than once: {', '.join(repeated)}")
        object.__setattr__(self, "table", _typed(self.table))
        column = self.table["id"]
        if column.null_count:
            raise InputError(f"sample table: {column.null_count} rows have no id; give every row one")
        unique = column.value_counts()
        if len(unique) != len(column):
            repeated = [entry["values"] for entry in unique.to_pylist() if entry["counts"] > 1]
            raise InputError(
                f"sample table: {len(repeated)} ids occur more than once, first {repeated[:5]}; ids must be unique"
            )

    @classmethod
    def from_columns(cls, **columns: Iterable[Any]) -> Samples:
        """Build a table from columns given by name; ``id`` is required.

        Raises:
            InputError: When ``id`` is absent or repeated, lengths differ, or a column has the wrong type.
        """
        arrays = {name: values if isinstance(values, pa.Array) else list(values) for name, values in columns.items()}
        lengths = {name: len(values) for name, values in arrays.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"sample table: columns differ in length: {lengths}")
        return cls(pa.table({name: _as_array(name, values) for name, values in arrays.items()}))

    @classmethod
    def read(cls, path: str | Path) -> Samples:
        """Read a table from ``.parquet``, ``.csv`` or ``.jsonl``.

        CSV holds no types: those of columns outside ``KNOWN_COLUMNS`` are guessed from their texts, so that "007"
        becomes the number 7. Parquet and JSONL keep texts as they are.

        Raises:
            InputError: When the file is absent, of another kind, or not readable as such a table.
        """
        table = read_table(path)
        try:
            return cls(table)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error

    @staticmethod
    def check_suffix(path: str | Path) -> None:
        """Raise InputError unless :meth:`write` can write a file of this name."""
        if Path(path).suffix.lower() not in _WRITERS:
            raise InputError(f"{path}: cannot write a sample table of this kind; use one of {', '.join(_WRITERS)}")

    def write(self, path: str | Path) -> None:
        """Write the table as ``.parquet``, ``.csv`` or ``.jsonl`` (by suffix), whole or not at all.

        Raises:
            InputError: When there is no such kind, or a column holds what it cannot express (lists in CSV).
        """
        path = Path(path)
        writer = _WRITERS.get(path.suffix.lower())
        if writer is None:
            raise InputError(f"{path}: cannot write a sample table of this kind; use one of {', '.join(_WRITERS)}")
        try:
            with atomic_path(path) as temporary:
                writer(self.table, temporary)
        except (pa.ArrowException, TypeError) as error:
            raise InputError(f"{path}: cannot be written as {path.suffix}: {error}; Parquet holds any type") from error

    def __len__(self) -> int:
        return self.table.num_rows

    def __contains__(self, column: object) -> bool:
        return column in self.table.column_names

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        """Give a column as a NumPy array (strings as objects).

        Raises:
            InputError: When the table has no such column.
        """
        if column not in self:
            raise InputError(f"sample table has no column {column!r}; it has {', '.join(self.table.column_names)}")
        values: npt.NDArray[Any] = self.table[column].to_numpy(zero_copy_only=False)
        return values

    @cached_property
    def ids(self) -> list[str]:
        """The ids in row order."""
        ids: list[str] = self.table["id"].to_pylist()
        return ids

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row number of each id."""
        return {sample_id: row for row, sample_id in enumerate(self.ids)}

    def columns(self, *names: str) -> Samples:
        """Give the table with these columns only; ``id`` must be among them."""
        return Samples(self.table.select(names))

    def content_hash(self) -> str:
        """Hash names, types and values of the columns, row order included: ``sha256:...``."""
        digest = hashlib.sha256()
        for name in self.table.column_names:
            column = self.table[name]
            digest.update(f"{name}:{column.type}:{len(column)}".encode())
            for start in range(0, len(column), _HASH_ROWS):
                values = column.slice(start, _HASH_ROWS).to_pylist()
                digest.update(json.dumps(values, default=repr).encode())
        return f"sha256:{digest.hexdigest()}"

    def take(self, rows: npt.ArrayLike) -> Samples:
        """Give the rows with these numbers, or those where a boolean mask of all rows is true."""
        rows = np.asarray(rows)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        return Samples(self.table.take(pa.array(rows, type=pa.int64())))

    def by_id(self, ids: Sequence[str]) -> Samples:
        """Give the rows with these ids, in this order.

        Raises:
            InputError: When an id is not in the table.
        """
        unknown = [sample_id for sample_id in ids if sample_id not in self.row_of]
        if unknown:
            raise InputError(f"{len(unknown)} ids are not in the sample table, first {unknown[:5]}")
        return self.take([self.row_of[sample_id] for sample_id in ids])

    def with_column(self, name: str, values: Iterable[Any]) -> Samples:
        """Give the table with a column added, or replaced in place.

        Raises:
            InputError: When there is not one value for each row, or one has the wrong type.
        """
        array = _as_array(name, values if isinstance(values, pa.Array) else list(values))
        if len(array) != len(self):
            raise InputError(f"sample table: column {name!r} has {len(array)} values for {len(self)} rows")
        if name in self:
            return Samples(self.table.set_column(self.table.column_names.index(name), name, array))
        return Samples(self.table.append_column(name, array))

    def concat(self, other: Samples) -> Samples:
        """Append another table's rows; a column only one of them has is null in the other's rows.

        Raises:
            InputError: When an id is in both, or a column has another type in each.
        """
        try:
            return Samples(pa.concat_tables([self.table, other.table], promote_options="default"))
        except pa.ArrowException as error:
            raise InputError(f"sample tables do not fit together: {error}") from error


def is_table(path: str | Path) -> bool:
    """Say whether a file's suffix is one of a sample table."""
    return Path(path).suffix.lower() in _READERS


def read_table(path: str | Path) -> pa.Table:
    """Read a table of any columns from ``.parquet``, ``.csv`` or ``.jsonl``; :meth:`Samples.read` tells the rest.

    Raises:
        InputError: When the file is absent, of another kind, or not readable as a table.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: not a sample table; use one of {', '.join(_READERS)}")
    try:
        table = reader(path)
        # Arrow looks at names and texts, whether they are UTF-8, only when they are asked for.
        _ = table.column_names
        table.validate(full=True)
        return table
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise InputError(f"{path}: cannot be read as {path.suffix}: {error}") from error


def column_texts(table: pa.Table, name: str, path: str | Path) -> list[str | None]:
    """Give a column of a table that was read from a file, as texts.

    Raises:
        InputError: When its values are none, nor can be written as one.
    """
    try:
        texts: list[str | None] = table[name].cast(pa.string()).to_pylist()
    except pa.ArrowException as error:
        raise InputError(f"{path}: the column {name!r} does not hold texts: {error}") from error
    return texts


def _as_array(name: str, values: Any) -> pa.Array:
    try:
        return pa.array(values, type=KNOWN_COLUMNS.get(name))
    except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError) as error:
        raise InputError(
            f"sample table: column {name!r} must be {KNOWN_COLUMNS.get(name, 'of one type')}: {error}"
        ) from error


def _typed(table: pa.Table) -> pa.Table:
    """Check that the table has ids and cast known columns to their types."""
    if "id" not in table.column_names:
        raise InputError(f"sample table has no column 'id'; it has {', '.join(table.column_names) or 'no columns'}")
    for position, name in enumerate(table.column_names):
        wanted = KNOWN_COLUMNS.get(name)
        if wanted is None or table[name].type == wanted:
            continue
        try:
            table = table.set_column(position, name, table[name].cast(wanted))
        except pa.ArrowException as error:
            raise InputError(f"sample table: column {name!r} must be {wanted}: {error}") from error
    return table


def _read_parquet(path: Path) -> pa.Table:
    check_parquet(path)
    # Not read_table, nor with threads: its scanner waits for ever for a thread that there was no memory to start.
    with pyarrow.parquet.ParquetFile(path) as file:
        return file.read(use_threads=False)


def _read_csv(path: Path) -> pa.Table:
    # Quoted empty strings stay empty, bare ones are null; "NA" is a possible id and stays text.
    convert = pa.csv.ConvertOptions(
        column_types=KNOWN_COLUMNS,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    return pa.csv.read_csv(path, parse_options=pa.csv.ParseOptions(newlines_in_values=True), convert_options=convert)


def _read_jsonl(path: Path) -> pa.Table:
    if path.stat().st_size == 0:  # a table without rows has no lines to name its columns
        return pa.table({"id": pa.array([], type=pa.string())})
    _check_lines(path)
    table = pa.json.read_json(path)
    # Arrow takes texts like "2024-01-01" for times and would write them otherwise; an id must stay as it is.
    times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
    if not times:
        return table
    as_text = pa.json.ParseOptions(explicit_schema=pa.schema([(name, pa.string()) for name in times]))
    return pa.json.read_json(path, parse_options=as_text).select(table.column_names)


#: The first sign of a line that is no object; a byte order mark may come before all.
_NO_OBJECT = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?+|[\r\n])[ \t]*+([^{ \t\r\n])")


def _check_lines(path: Path) -> None:
    """Refuse lines that are no JSON objects: Arrow's reader dies of a null where it begins a block of the file."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        found = _NO_OBJECT.search(text)
        if found is not None:
            line = text[: found.start(1)].count(b"\n") + 1
            raise InputError(f"{path}: cannot be read as .jsonl: line {line} is no JSON object; write one on each line")


def _write_jsonl(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for batch in table.to_batches():
            file.writelines(json.dumps(plain(row), ensure_ascii=False) + "\n" for row in batch.to_pylist())


_HASH_ROWS = 1 << 16

_READERS = {
    ".parquet": _read_parquet,
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
}
_WRITERS = {
    ".parquet": pyarrow.parquet.write_table,
    ".csv": pyarrow.csv.write_csv,
    ".jsonl": _write_jsonl,
}
