"""Features: the backbones that make them, extraction from images, and the store that keeps them.

The store and :func:`read_features` need no torch; what does is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndr.features.editing import append, merge, subset
from syndr.features.exchange import export, import_features
from syndr.features.manifest import Manifest
from syndr.features.sharded import ShardedArray
from syndr.features.sources import Embeddings, read_embeddings, read_features
from syndr.features.store import FeatureStore
from syndr.features.verification import Verification, verify
from syndr.lazy import lazy_exports

if TYPE_CHECKING:
    from syndr.features.backbones import BACKBONES, Backbone, build_backbone
    from syndr.features.extraction import extract

__all__ = [
    "BACKBONES",
    "Backbone",
    "Embeddings",
    "FeatureStore",
    "Manifest",
    "ShardedArray",
    "Verification",
    "append",
    "build_backbone",
    "export",
    "extract",
    "import_features",
    "merge",
    "read_embeddings",
    "read_features",
    "subset",
    "verify",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "BACKBONES": "backbones",
        "Backbone": "backbones",
        "build_backbone": "backbones",
        "extract": "extraction",
    },
    needs=("torch", "torchvision"),
    extra="torch",
)
