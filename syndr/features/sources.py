"""Features from wherever the user has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from syndr.claims import check_archive, check_parquet
from syndr.errors import InputError, require
from syndr.features.sharded import ShardedArray
from syndr.features.shards import map_array
from syndr.features.store import FeatureStore

Features = npt.NDArray[np.floating]
_DTYPES = [np.dtype(name) for name in ("float16", "float32", "float64")]
_FEATURES, _IDS = "features", ("ids", "id")


@dataclass(frozen=True)
class Embeddings:
    """What a file of embeddings holds.

    Attributes:
        features: (rows, dims), float16, float32 or float64.
        ids: One per row; None where the file has none.
        columns: What else it says of each row, by name.
    """

    features: Features | ShardedArray
    ids: list[str] | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)


def read_features(path: str | Path) -> tuple[list[str] | None, Features | ShardedArray]:
    """Read features from a store, or a file as :func:`read_embeddings` does.

    Returns:
        The ids (None where the file has none) and the features, of shape (rows, dims); a store and a ``.npy`` are
        mapped from the file, the others are read into memory.

    Raises:
        InputError: When the file is absent, of another kind, or does not hold such features and ids.
        StoreError: When the folder is not a whole store.
    """
    if Path(path).is_dir():
        store = FeatureStore.open(path)
        return store.ids, store.features
    found = read_embeddings(path)
    return found.ids, found.features


def read_embeddings(path: str | Path, key: str | None = None) -> Embeddings:
    """Read features from a ``.npy``, ``.npz``, ``.parquet`` or ``.safetensors`` file.

    Args:
        path: ``.npy`` with one matrix; ``.npz`` or ``.safetensors`` with a matrix and perhaps ``ids`` and other arrays
            of one value per row; ``.parquet`` with a column of lists and perhaps ``id`` and other columns.
        key: Name of the matrix or column; by default ``features``, or else the only one that can be it.

    Raises:
        InputError: When the file is absent, of another kind, or does not hold such features and ids.
        MissingExtraError: For ``.safetensors`` when the library is not installed.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: not a source of features; use a store folder, {', '.join(_READERS)}")
    try:
        found = reader(path, key)
    except (InputError, ImportError):
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except Exception as error:  # zip, Parquet, safetensors and header errors of many kinds
        raise InputError(f"{path}: cannot be read as features ({error})") from error
    features, ids = found.features, found.ids
    if features.ndim != 2 or features.dtype not in _DTYPES:
        raise InputError(
            f"{path}: features must be of shape (rows, dims) in {', '.join(map(str, _DTYPES))}, "
            f"not {features.dtype} {features.shape}; convert them first"
        )
    if ids is not None and len(ids) != len(features):
        raise InputError(f"{path}: {len(ids)} ids do not fit {len(features)} feature rows")
    if ids is not None and len(set(ids)) != len(ids):
        raise InputError(f"{path}: ids occur more than once; they must be unique")
    return found


def _read_npy(path: Path, key: str | None) -> Embeddings:
    return Embeddings(map_array(path))


def _read_npz(path: Path, key: str | None) -> Embeddings:
    check_archive(path)
    with np.load(path, allow_pickle=False) as archive:
        return _from_arrays(path, dict(archive), key)


def _read_safetensors(path: Path, key: str | None) -> Embeddings:
    if not path.is_file():
        raise FileNotFoundError(path)
    return _from_arrays(path, require("safetensors.numpy", "torch").load_file(path), key)


def _from_arrays(path: Path, arrays: dict[str, npt.NDArray[Any]], key: str | None) -> Embeddings:
    key = _chosen(path, list(arrays), [name for name, array in arrays.items() if array.ndim == 2], key)
    features = arrays.pop(key)
    ids = next((arrays.pop(name) for name in _IDS if name in arrays), None)
    columns = {name: array for name, array in arrays.items() if array.shape == (len(features),)}
    return Embeddings(features, None if ids is None else [str(one) for one in ids.tolist()], columns)


def _read_parquet(path: Path, key: str | None) -> Embeddings:
    check_parquet(path)
    schema = pyarrow.parquet.read_schema(path)
    key = _chosen(path, schema.names, [column.name for column in schema if _is_list(column.type)], key)
    table = pyarrow.parquet.read_table(path)
    # Chunk by chunk, as lists of a large table do not fit one Arrow array's 32-bit offsets.
    blocks = [_block(path, key, chunk) for chunk in table[key].chunks]
    features = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    table = table.drop_columns([key])
    name = next((name for name in _IDS if name in table.column_names), None)
    ids = None
    if name is not None:
        if table[name].null_count:
            raise InputError(f"{path}: {table[name].null_count} rows have no id; give every row one")
        ids = [str(one) for one in table[name].to_pylist()]
        table = table.drop_columns([name])
    return Embeddings(features, ids, dict(zip(table.column_names, table.columns, strict=True)))


def _chosen(path: Path, names: list[str], possible: list[str], key: str | None) -> str:
    if key is None:
        key = _FEATURES if _FEATURES in names or len(possible) != 1 else possible[0]
    if key not in names:
        raise InputError(f"{path}: it holds {', '.join(names)}; the features must be named {key!r}, or named by a key")
    return key


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _block(path: Path, key: str, lists: pa.Array) -> Features:
    """Give a list array as a matrix."""
    if not _is_list(lists.type):
        raise InputError(f"{path}: column {key!r} is {lists.type}; it must hold a list of numbers per row")
    values, lengths = lists.flatten(), set(lists.value_lengths().to_pylist())
    if len(lengths) != 1 or None in lengths or values.null_count:
        raise InputError(f"{path}: the lists in column {key!r} must be whole and of one length")
    return values.to_numpy(zero_copy_only=False).reshape(len(lists), *lengths)


_READERS: dict[str, Callable[[Path, str | None], Embeddings]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".parquet": _read_parquet,
    ".safetensors": _read_safetensors,
}
