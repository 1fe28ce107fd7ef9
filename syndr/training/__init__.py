"""Training: the model, the loop around it, heads on frozen features, and models as files."""

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
