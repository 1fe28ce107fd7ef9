"""CLIP-IQA's scores, by pyiqa or torchmetrics, where one of them is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor


def clip_iqa_scores(pictures: Sequence[Tensor]) -> tuple[npt.NDArray[np.float64] | None, str]:
    """Score pictures on 0-10.

    Args:
        pictures: uint8 (3, H, W), RGB.

    Returns:
        The scores and who made them; None and why, where nobody can.
    """
    import torch

    makers: dict[str, Callable[[], Any]] = {"pyiqa": _pyiqa, "torchmetrics": _torchmetrics}
    reasons = []
    for name, make in makers.items():
        if find_spec(name) is None:
            continue
        try:
            metric = make()
            with torch.inference_mode():
                made = [10.0 * float(metric(picture[None].float() / 255.0)) for picture in pictures]
            return np.array(made), f"CLIP-IQA's score (by {name})"
        except Exception as error:  # whatever a foreign package raises without its weights or its own needs
            reasons.append(f"{name} failed: {str(error).splitlines()[0][:80] if str(error) else type(error).__name__}")
    why = "; ".join(reasons) or "neither pyiqa nor torchmetrics is installed"
    return None, f"CLIP-IQA's scores are left out ({why})"


def _pyiqa() -> Any:
    import pyiqa

    return pyiqa.create_metric("clipiqa")


def _torchmetrics() -> Any:
    from torchmetrics.functional.multimodal import clip_image_quality_assessment

    return lambda picture: clip_image_quality_assessment(picture, data_range=1.0)
