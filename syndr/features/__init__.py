"""Features: the backbones that make them, extraction from images, and the store that keeps them.

The store and :func:`read_features` need no torch; what does is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndr.features.manifest import Manifest
from syndr.features.sources import read_features
from syndr.features.store import FeatureStore
from syndr.lazy import lazy_exports

if TYPE_CHECKING:
    from syndr.features.backbones import BACKBONES, Backbone, build_backbone
    from syndr.features.extraction import extract

__all__ = ["BACKBONES", "Backbone", "FeatureStore", "Manifest", "build_backbone", "extract", "read_features"]

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
