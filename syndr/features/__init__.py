"""Features: the backbones that make them, extraction from images, and the store that keeps them.

The store and :func:`read_features` need no torch; what does is imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from syndr.errors import require
from syndr.features.manifest import Manifest
from syndr.features.sources import read_features
from syndr.features.store import FeatureStore

if TYPE_CHECKING:
    from syndr.features.backbones import BACKBONES, Backbone, build_backbone
    from syndr.features.extraction import extract

__all__ = ["BACKBONES", "Backbone", "FeatureStore", "Manifest", "build_backbone", "extract", "read_features"]

_NEEDS_TORCH = {
    "BACKBONES": "backbones",
    "Backbone": "backbones",
    "build_backbone": "backbones",
    "extract": "extraction",
}


def __getattr__(name: str) -> Any:
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module 'syndr.features' has no attribute {name!r}")
    for module in ("torch", "torchvision"):
        require(module, "torch")
    return getattr(import_module(f"syndr.features.{_NEEDS_TORCH[name]}"), name)
