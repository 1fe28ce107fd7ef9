"""Reading what ``syndr run`` leaves in its folder; what a stage did not leave is None."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from syndr.errors import InputError, StoreError
from syndr.files import read_json
from syndr.samples import Samples
from syndr.tables import THINNING_FEATURES

#: The stages of a run, in order.
STAGES = ("features", "select", "synthesize", "train", "evaluate")


@dataclass(frozen=True)
class Stage:
    """A finished stage.

    Attributes:
        name: One of ``STAGES``.
        seconds: How long it took.
        summary: Its own numbers.
        versions: Versions of the software it ran with, where the run recorded them.
    """

    name: str
    seconds: float
    summary: Mapping[str, Any]
    versions: Mapping[str, str]


@dataclass(frozen=True)
class RecordedRun:
    """A folder with ``recipe.json`` and whatever the stages that were run have left.

    Attributes:
        path: The folder.
        recipe: The resolved recipe.
    """

    path: Path
    recipe: Mapping[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> RecordedRun:
        """Open a run folder.

        Raises:
            StoreError: When it has no readable ``recipe.json``.
        """
        folder = Path(path)
        recipe = _read_json(folder / "recipe.json")
        if recipe is None:
            raise StoreError(f"{folder}: not a run folder (no recipe.json); give the folder that `syndr run` wrote to")
        return cls(folder, recipe)

    def setting(self, section: str, key: str) -> Any:
        """Give a setting of the recipe; None when it has no such one."""
        values = self.recipe.get(section)
        return values.get(key) if isinstance(values, Mapping) else None

    def stage(self, name: str) -> Stage | None:
        """Give what a stage says of itself.

        Raises:
            StoreError: When its file is damaged.
        """
        path = self.path / "stages" / f"{name}.json"
        entry = _read_json(path)
        if entry is None:
            return None
        try:
            return Stage(
                name=name,
                seconds=float(entry["seconds"]),
                summary=dict(entry["summary"]),
                versions=dict(entry.get("versions", {})),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{path}: not a stage's record ({error!r}); run the stage again") from error

    def results(self) -> Mapping[str, Mapping[str, Any]] | None:
        """Give the metrics of each target.

        Raises:
            StoreError: When the file is damaged.
        """
        path = self.path / "results.json"
        results = _read_json(path)
        if results is not None and not all(isinstance(row, Mapping) for row in results.values()):
            raise StoreError(f"{path}: not a table of results by target; run the evaluation again")
        return results

    def samples(self, name: str, *columns: str) -> Samples | None:
        """Read a sample table that must have these columns.

        Raises:
            StoreError: When the table is damaged or lacks a column.
        """
        path = self.path / name
        if not path.is_file():
            return None
        try:
            samples = Samples.read(path)
        except InputError as error:
            raise StoreError(f"{error}; run its stage again") from error
        _check_columns(path, samples.table, columns)
        return samples

    def thinning_features(self) -> tuple[list[str], npt.NDArray[np.floating[Any]]] | None:
        """Read the ids and features of the samples drawn for the map.

        Raises:
            StoreError: When the file is damaged.
        """
        path = self.path / THINNING_FEATURES
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                ids, features = arrays["ids"].tolist(), arrays["features"]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise StoreError(f"{path}: cannot be read ({error}); run the training again") from error
        if features.ndim != 2 or len(ids) != len(features):
            raise StoreError(f"{path}: {len(ids)} ids for features of shape {features.shape}; run the training again")
        return ids, features

    def table(self, name: str, *columns: str) -> pa.Table | None:
        """Read a table without ids, ``.parquet`` or ``.csv``, that must have these columns.

        Raises:
            StoreError: When the table is damaged or lacks a column.
        """
        path = self.path / name
        if not path.is_file():
            return None
        reader = {".parquet": pyarrow.parquet.read_table, ".csv": pyarrow.csv.read_csv}[path.suffix]
        try:
            table = reader(path)
        except pa.ArrowException as error:
            raise StoreError(f"{path}: cannot be read ({error}); run its stage again") from error
        _check_columns(path, table, columns)
        return table


def _read_json(path: Path) -> dict[str, Any] | None:
    return read_json(path) if path.is_file() else None


def _check_columns(path: Path, table: pa.Table, columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise StoreError(f"{path}: has no column {', '.join(missing)}; run its stage again with this version")
