"""Training: the model, the loop around it, heads on frozen features, and models as files.

Everything here needs torch and is imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from syndr.errors import require

if TYPE_CHECKING:
    from syndr.training.checkpoint import load_model, read_metadata, save_model
    from syndr.training.head import fit_head
    from syndr.training.loop import TrainingResult, fit
    from syndr.training.model import Head, IQAModel
    from syndr.training.state import EpochLog

__all__ = [
    "EpochLog",
    "Head",
    "IQAModel",
    "TrainingResult",
    "fit",
    "fit_head",
    "load_model",
    "read_metadata",
    "save_model",
]

_HOME = {
    "EpochLog": "state",
    "Head": "model",
    "IQAModel": "model",
    "TrainingResult": "loop",
    "fit": "loop",
    "fit_head": "head",
    "load_model": "checkpoint",
    "read_metadata": "checkpoint",
    "save_model": "checkpoint",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'syndr.training' has no attribute {name!r}")
    for module in ("torch", "torchvision", "safetensors"):
        require(module, "torch")
    return getattr(import_module(f"syndr.training.{_HOME[name]}"), name)
