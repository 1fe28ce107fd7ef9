"""Evaluation: scoring pictures by crops, and how well scores agree with opinion.

The metrics need no torch; scoring is imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from syndr.errors import require
from syndr.evaluation.bootstrap import Interval, bootstrap_interval
from syndr.evaluation.metrics import Metrics, krcc, measure, plcc, rmse, srcc

if TYPE_CHECKING:
    from syndr.evaluation.crops import CropRule, cut_crops
    from syndr.evaluation.prediction import Predictions, predict, score

__all__ = [
    "CropRule",
    "Interval",
    "Metrics",
    "Predictions",
    "bootstrap_interval",
    "cut_crops",
    "krcc",
    "measure",
    "plcc",
    "predict",
    "rmse",
    "score",
    "srcc",
]

_NEEDS_TORCH = {
    "CropRule": "crops",
    "Predictions": "prediction",
    "cut_crops": "crops",
    "predict": "prediction",
    "score": "prediction",
}


def __getattr__(name: str) -> Any:
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module 'syndr.evaluation' has no attribute {name!r}")
    for module in ("torch", "torchvision"):
        require(module, "torch")
    return getattr(import_module(f"syndr.evaluation.{_NEEDS_TORCH[name]}"), name)
