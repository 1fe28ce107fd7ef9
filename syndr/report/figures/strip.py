"""Figure 4: pictures in the order of their human scores, with what models say of them."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from syndr.errors import ImageError, InputError
from syndr.report.figures.clip_iqa import clip_iqa_scores
from syndr.report.figures.saving import style
from syndr.samples import Samples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLIP_IQA = "clip_iqa"
_COLUMNS = 6


def qualitative_figure(predictions: Samples, *, count: int = 12, clip_iqa: bool = True) -> Figure:
    """Draw pictures with their human score, the prediction, and CLIP-IQA's score.

    They are spread evenly over the human scores and rise from left to right and from top to bottom.

    Args:
        predictions: With ``path``, ``quality`` and ``prediction`` (0-10), and ``clip_iqa`` (0-10) where that is known;
            what a run leaves in ``predictions/``.
        count: Most pictures.
        clip_iqa: Whether to compute CLIP-IQA's score where the table does not have it. It is left out, and the figure
            says so, where neither pyiqa nor torchmetrics can do it.

    Raises:
        InputError: When a column is missing, or there is no picture with both scores that can be read.
        MissingExtraError: Without matplotlib, or without torch.

    Source: paper, figure 4; CLIP-IQA: Wang, Chan and Loy (2023).
    """
    from syndr.images import decode

    missing = [name for name in ("path", "quality", "prediction") if name not in predictions]
    if missing:
        raise InputError(f"the figure needs the predictions' {', '.join(missing)}: add the columns to their table")
    rows = _spread(predictions, count)
    if not rows:
        raise InputError("no row of the predictions has both a human score and a prediction; give a table that does")
    chosen, pictures, problems = [], [], []
    for row in rows:
        try:
            pictures.append(decode(str(predictions.table["path"][row].as_py())))
        except ImageError as error:
            problems.append(error)  # the next report of the run lists it; a figure shows what can be seen
            continue
        chosen.append(row)
    if not chosen:
        raise InputError(f"none of the {len(rows)} pictures for the figure can be read; the first: {problems[0]}")
    shown = predictions.take(chosen)
    scores, note = None, "CLIP-IQA's scores are left out"
    if CLIP_IQA in shown:
        scores, note = shown[CLIP_IQA].astype(np.float64), "CLIP-IQA's score"
    elif clip_iqa:
        scores, note = clip_iqa_scores(pictures)
    with style():
        from matplotlib.figure import Figure

        tall = ceil(len(chosen) / _COLUMNS)
        figure = Figure(figsize=(7.2, 1.75 * tall + 0.3), layout="constrained")
        axes = figure.subplots(tall, _COLUMNS, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
            axis.set_anchor("S")  # the scores of a row stand on one line, whatever the pictures' shapes
        for at, (axis, picture) in enumerate(zip(axes, pictures, strict=False)):
            axis.imshow(picture.permute(1, 2, 0).cpu().numpy())
            lines = [f"{shown['quality'][at]:.2f}", f"{shown['prediction'][at]:.2f}"]
            lines += [] if scores is None else [f"{scores[at]:.2f}"]
            axis.set_title("\n".join(lines), fontsize=7, y=0.0, pad=-3, va="top", linespacing=1.25)
        below = "from top: human score, prediction" + (f", {note}" if scores is not None else f"; {note}")
        figure.supxlabel(f"{below} (0–10)" if scores is not None else f"{below}. Scores are 0–10.", fontsize=6.5)
        return figure


def _spread(predictions: Samples, count: int) -> list[int]:
    """Give rows whose human scores lie evenly between the lowest and the highest, ascending."""
    quality, predicted = (predictions[name].astype(np.float64) for name in ("quality", "prediction"))
    usable = np.flatnonzero(np.isfinite(quality) & np.isfinite(predicted))
    if not len(usable):
        return []
    order = usable[np.argsort(quality[usable], kind="stable")]
    return order[np.unique(np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int))].tolist()
