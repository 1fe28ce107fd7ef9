"""Reading the kinds of file that databases keep their scores in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from syndr.claims import check_archive
from syndr.errors import InputError, require

_EXCEL_97 = ".xls"
_MOST_ROWS = 1 << 20


def read_csv(path: Path, required: Sequence[str]) -> pa.Table:
    """Read a CSV file with a header.

    Raises:
        InputError: When it cannot be read, or a required column is absent or has gaps.
    """
    try:
        table = pyarrow.csv.read_csv(path)
        missing = set(required) - set(table.column_names)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as CSV: {error}") from error
    if missing:
        raise InputError(f"{path}: columns {sorted(missing)} are missing; it has {table.column_names}")
    for name in required:
        if table[name].null_count:
            raise InputError(f"{path}: {table[name].null_count} rows have no {name}; complete or remove them")
    return table


def read_lines(path: Path, fields: int, separator: str | None = None) -> list[list[str]]:
    """Read a text file of lines with a fixed number of fields; empty lines are passed over.

    Raises:
        InputError: When it cannot be read, or a line has another number of fields.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text: {error}") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        parts = [part.strip() for part in line.split(separator)]
        if not any(parts):
            continue
        if len(parts) != fields:
            raise InputError(f"{path}, line {number}: {line!r} has {len(parts)} fields instead of {fields}")
        rows.append(parts)
    return rows


def numbers(cells: Sequence[Any], path: Path, column: str | None = None) -> list[float]:
    """Read texts or cells of a table as numbers; the column, where there is one, is named in the error.

    Raises:
        InputError: Naming the first that is none.
    """
    try:
        return [float(cell) for cell in cells]
    except (ValueError, TypeError) as error:
        where = f"{path}: scores" if column is None else f"{path}, {column}:"
        raise InputError(f"{where} must be numbers: {error}") from error


def read_mat(path: Path, *names: str) -> list[npt.NDArray[Any]]:
    """Read variables of a MATLAB file, flattened; cells of texts become texts.

    Raises:
        InputError: When it cannot be read or lacks a variable.
    """
    from scipy.io import loadmat

    try:
        found = loadmat(path, variable_names=names)
    except NotImplementedError as error:
        raise InputError(f"{path}: a MATLAB 7.3 file; save it in MATLAB with the option -v7") from error
    except Exception as error:  # SciPy's reader raises many kinds on bad bytes
        raise InputError(f"{path}: cannot be read as a MATLAB file ({type(error).__name__}: {error})") from error
    missing = [name for name in names if name not in found]
    if missing:
        raise InputError(f"{path}: holds no variable {', '.join(missing)}; is it the file of that name?")
    return [_plain(found[name]) for name in names]


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    flat = array.ravel()
    if flat.dtype != object:
        return flat
    return np.array([str(cell.ravel()[0]) if isinstance(cell, np.ndarray) else str(cell) for cell in flat])


def read_sheet(path: Path, columns: Sequence[str], sheet: str | None = None) -> dict[str, list[Any]]:
    """Read columns of a spreadsheet (``.xlsx`` or ``.xls``).

    The header may stand in any row and column. Rows below it without an entry in any of the columns are passed over.

    Args:
        path: The file.
        columns: The header's texts.
        sheet: The sheet's name; the first by default.

    Raises:
        InputError: When it cannot be read, there is no such header, or a row has an entry in some columns only.
        MissingExtraError: When the package that reads such files is not installed.
    """
    rows = _xls_rows(path, sheet) if path.suffix.lower() == _EXCEL_97 else _xlsx_rows(path, sheet)
    places: list[int] | None = None
    found: dict[str, list[Any]] = {name: [] for name in columns}
    for number, row in enumerate(rows, start=1):
        if number > _MOST_ROWS:  # a damaged row number may lead there, over empty rows
            raise InputError(f"{path}: more than {_MOST_ROWS:,} rows, the most a spreadsheet has; save it again")
        if places is None:
            header = [str(cell).strip() for cell in row]
            places = [header.index(name) for name in columns] if set(columns) <= set(header) else None
            continue
        cells = [row[place] if place < len(row) else None for place in places]
        empty = [cell is None or cell == "" for cell in cells]
        if all(empty):
            continue
        if any(empty):
            raise InputError(f"{path}, row {number}: no {columns[empty.index(True)]!r}; complete the row")
        for name, cell in zip(columns, cells, strict=True):
            found[name].append(cell)
    if places is None:
        raise InputError(f"{path}: no row holds the headers {', '.join(map(repr, columns))}")
    return found


def _xlsx_rows(path: Path, sheet: str | None) -> Iterator[Sequence[Any]]:
    openpyxl = require("openpyxl", "spreadsheets")
    try:
        check_archive(path)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except InputError:
        raise
    except Exception as error:  # zip, XML and key errors of many kinds
        raise InputError(f"{path}: cannot be read as a spreadsheet ({type(error).__name__}: {error})") from error
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise InputError(f"{path}: has no sheet {sheet!r}; it has {', '.join(map(repr, book.sheetnames))}")
        yield from (book[sheet] if sheet is not None else book.worksheets[0]).iter_rows(values_only=True)
    finally:
        book.close()


def _xls_rows(path: Path, sheet: str | None) -> Iterator[Sequence[Any]]:
    xlrd = require("xlrd", "spreadsheets")
    try:
        book = xlrd.open_workbook(path)
    except Exception as error:  # its own, and struct and index errors on damaged files
        raise InputError(f"{path}: cannot be read as a spreadsheet ({type(error).__name__}: {error})") from error
    if sheet is not None and sheet not in book.sheet_names():
        raise InputError(f"{path}: has no sheet {sheet!r}; it has {', '.join(map(repr, book.sheet_names()))}")
    page = book.sheet_by_index(0) if sheet is None else book.sheet_by_name(sheet)
    yield from (page.row_values(row) for row in range(page.nrows))
