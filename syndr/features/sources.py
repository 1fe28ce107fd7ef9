"""Features from wherever the user has them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from syndr.errors import InputError
from syndr.features.store import FeatureStore

Features = npt.NDArray[np.floating]
_DTYPES = [np.dtype(name) for name in ("float16", "float32", "float64")]


def read_features(path: str | Path) -> tuple[list[str] | None, Features]:
    """Read features from a store, a ``.npy``, a ``.npz`` or a Parquet file.

    Args:
        path: A store's folder; ``.npy`` with one array; ``.npz`` with ``features`` and perhaps ``ids``; or
            ``.parquet`` with a list column ``features`` and perhaps ``id``.

    Returns:
        The ids (None where the file has none) and an array of shape (rows, dims), float16, float32 or
        float64; a store and a ``.npy`` are mapped from the file, the others are read into memory.

    Raises:
        InputError: When the file is absent, of another kind, or does not hold such features and ids.
        StoreError: When the folder is not a whole store.
    """
    path = Path(path)
    if path.is_dir():
        store = FeatureStore.open(path)
        return store.ids, store.features
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: not a source of features; use a store folder, {', '.join(_READERS)}")
    try:
        ids, features = reader(path)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as features ({error})") from error
    if features.ndim != 2 or features.dtype not in _DTYPES:
        raise InputError(
            f"{path}: features must be of shape (rows, dims) in {', '.join(map(str, _DTYPES))}, "
            f"not {features.dtype} {features.shape}; convert them first"
        )
    if ids is not None and len(ids) != len(features):
        raise InputError(f"{path}: {len(ids)} ids do not fit {len(features)} feature rows")
    if ids is not None and len(set(ids)) != len(ids):
        raise InputError(f"{path}: ids occur more than once; they must be unique")
    return ids, features


def _read_npy(path: Path) -> tuple[None, Features]:
    return None, np.load(path, mmap_mode="r", allow_pickle=False)


def _read_npz(path: Path) -> tuple[list[str] | None, Features]:
    with np.load(path, allow_pickle=False) as archive:
        if "features" not in archive:
            raise InputError(f"{path}: it holds {', '.join(archive)}; the features must be named 'features'")
        ids = [str(one) for one in archive["ids"].tolist()] if "ids" in archive else None
        return ids, archive["features"]


def _read_parquet(path: Path) -> tuple[list[str] | None, Features]:
    names = pyarrow.parquet.read_schema(path).names
    if "features" not in names:
        raise InputError(f"{path}: its columns are {', '.join(names)}; the features must be named 'features'")
    table = pyarrow.parquet.read_table(path, columns=[name for name in ("id", "features") if name in names])
    # Chunk by chunk, as lists of a large table do not fit one Arrow array's 32-bit offsets.
    blocks = [_block(path, chunk) for chunk in table["features"].chunks]
    features = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    if "id" not in names:
        return None, features
    if table["id"].null_count:
        raise InputError(f"{path}: {table['id'].null_count} rows have no id; give every row one")
    return [str(one) for one in table["id"].to_pylist()], features


def _block(path: Path, lists: pa.Array) -> Features:
    """Give a list array as a matrix."""
    kind = lists.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise InputError(f"{path}: column 'features' is {kind}; it must hold a list of numbers per row")
    values, lengths = lists.flatten(), set(lists.value_lengths().to_pylist())
    if len(lengths) != 1 or None in lengths or values.null_count:
        raise InputError(f"{path}: the lists in column 'features' must be whole and of one length")
    return values.to_numpy(zero_copy_only=False).reshape(len(lists), *lengths)


_READERS = {".npy": _read_npy, ".npz": _read_npz, ".parquet": _read_parquet}
