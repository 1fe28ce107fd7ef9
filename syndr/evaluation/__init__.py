"""Evaluation: scoring pictures by crops, and how well scores agree with opinion.

The metrics need no torch; scoring is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndr.evaluation.bootstrap import Interval, bootstrap_interval, intervals
from syndr.evaluation.metrics import Metrics, krcc, measure, plcc, rmse, srcc
from syndr.lazy import lazy_exports

if TYPE_CHECKING:
    from syndr.evaluation.crops import CropRule, cut_crops
    from syndr.evaluation.metric import Metric, load_model
    from syndr.evaluation.prediction import Predictions, predict, score

__all__ = [
    "CropRule",
    "Interval",
    "Metric",
    "Metrics",
    "Predictions",
    "bootstrap_interval",
    "cut_crops",
    "intervals",
    "krcc",
    "load_model",
    "measure",
    "plcc",
    "predict",
    "rmse",
    "score",
    "srcc",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "CropRule": "crops",
        "Metric": "metric",
        "load_model": "metric",
        "Predictions": "prediction",
        "cut_crops": "crops",
        "predict": "prediction",
        "score": "prediction",
    },
    needs=("torch", "torchvision"),
    extra="torch",
)
