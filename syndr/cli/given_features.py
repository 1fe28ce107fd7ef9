"""Features that a command is given: a store, or a file of arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from syndr.features import FeatureStore, read_features


def files_of(path: Path | None) -> list[Path]:
    """Give the files that rows of features, or labels, come from; a store may grow meanwhile, its shards stay."""
    if path is None:
        return []
    return sorted(path.glob("*.npy")) if path.is_dir() else [path]


def features_of(path: Path) -> tuple[list[str] | None, Any]:
    """Give the ids, None where there are none, and the rows."""
    if (path / "manifest.json").exists():
        store = FeatureStore.open(path)
        return store.ids, store.features
    return read_features(path)
