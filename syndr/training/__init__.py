"""Training: the model, the loop around it, heads on frozen features, and models as files.

Everything here needs torch and is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndr.lazy import lazy_exports

if TYPE_CHECKING:
    from syndr.training.checkpoint import read_metadata, read_model, save_model
    from syndr.training.head import fit_head
    from syndr.training.loop import TrainingResult, fit
    from syndr.training.misaligned import MisalignedThinner
    from syndr.training.model import Head, IQAModel
    from syndr.training.state import EpochLog
    from syndr.training.step import Batch, Step, l1
    from syndr.training.thinning import Thinner

__all__ = [
    "Batch",
    "EpochLog",
    "Head",
    "IQAModel",
    "MisalignedThinner",
    "Step",
    "Thinner",
    "TrainingResult",
    "fit",
    "fit_head",
    "l1",
    "read_metadata",
    "read_model",
    "save_model",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "Batch": "step",
        "EpochLog": "state",
        "Head": "model",
        "IQAModel": "model",
        "MisalignedThinner": "misaligned",
        "Step": "step",
        "Thinner": "thinning",
        "TrainingResult": "loop",
        "fit": "loop",
        "fit_head": "head",
        "l1": "step",
        "read_model": "checkpoint",
        "read_metadata": "checkpoint",
        "save_model": "checkpoint",
    },
    needs=("torch", "torchvision", "safetensors"),
    extra="torch",
)
