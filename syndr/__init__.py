"""syndr: reshape synthetic image-quality data (SynDR-IQA, NeurIPS 2025), exactly and at scale.

The public names are imported on first use, so that ``import syndr`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndr.lazy import lazy_exports

if TYPE_CHECKING:
    from syndr.downsample import DRCDown as DRCDown
    from syndr.errors import SyndrError as SyndrError
    from syndr.evaluation import load_model as load_model
    from syndr.features import FeatureStore as FeatureStore
    from syndr.samples import Samples as Samples
    from syndr.search.functions import components as components
    from syndr.search.functions import iter_similar_pairs as iter_similar_pairs
    from syndr.search.functions import nearest as nearest
    from syndr.search.functions import similar_pairs as similar_pairs
    from syndr.select import DDCUp as DDCUp
    from syndr.synthesize import pseudo_labels as pseudo_labels
    from syndr.theory import generalization_bound as generalization_bound
    from syndr.training import fit as fit
    from syndr.virtual import VirtualDataset as VirtualDataset

__version__ = "0.1.0"

_HOME = {
    "DDCUp": "select",
    "DRCDown": "downsample",
    "FeatureStore": "features",
    "Samples": "samples",
    "SyndrError": "errors",
    "components": "search.functions",
    "iter_similar_pairs": "search.functions",
    "nearest": "search.functions",
    "similar_pairs": "search.functions",
    "VirtualDataset": "virtual",
    "fit": "training",
    "generalization_bound": "theory",
    "load_model": "evaluation",
    "pseudo_labels": "synthesize",
}

__all__ = sorted(_HOME)

__getattr__ = lazy_exports(__name__, _HOME)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
