"""Which distortion types to train on for a target nobody listed: a classifier of types, and its votes (DGQA).

Everything here needs torch and is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndr.lazy import lazy_exports

if TYPE_CHECKING:
    from syndr.type_selection.classifier import CLASSES, TypeClassifier, load_classifier, save_classifier
    from syndr.type_selection.training import TypeTraining, train_classifier
    from syndr.type_selection.votes import TypeVotes, recall, vote

__all__ = [
    "CLASSES",
    "TypeClassifier",
    "TypeTraining",
    "TypeVotes",
    "load_classifier",
    "recall",
    "save_classifier",
    "train_classifier",
    "vote",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "CLASSES": "classifier",
        "TypeClassifier": "classifier",
        "TypeTraining": "training",
        "TypeVotes": "votes",
        "load_classifier": "classifier",
        "recall": "votes",
        "save_classifier": "classifier",
        "train_classifier": "training",
        "vote": "votes",
    },
    needs=("torch", "torchvision", "safetensors"),
    extra="torch",
)
