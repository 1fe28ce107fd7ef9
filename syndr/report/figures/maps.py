"""Figures 1 and 5 (one representation in three colourings) and 3 (one data set in three representations)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError
from syndr.report.distortions import distortion_name
from syndr.report.figures.saving import style
from syndr.report.projection import Method, Projection, project
from syndr.samples import Samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL = 2.3  # inches
_FEW_CLASSES = 25  # so many are named in a legend


def representation_figure(
    features: Any, samples: Samples, *, method: Method = "auto", seed: int = 0, title: str = ""
) -> Figure:
    """Draw features in the plane three times: coloured by quality, by reference image, by distortion type.

    Args:
        features: (rows, dims), one row for each sample, in the same order.
        samples: With ``quality`` (0-10), ``reference`` and ``type``.
        method: How to place them (:func:`syndr.report.project`).
        seed: Seed of UMAP.
        title: Stands above the panels.

    Raises:
        InputError: When a column is missing, lengths differ, or a row has no direction.
        MissingExtraError: Without matplotlib.

    Source: paper, figures 1 (ResNet-50) and 5 (Swin-T).
    """
    _check(features, samples, "quality", "reference", "type")
    with style():
        places = project(features, method, seed)
        figure, axes = _panels(3, places.note, title)
        quality = samples["quality"].astype(np.float64)
        _bar(figure, axes[0], _points(axes[0], places, "(a) quality (MOS, 0–10)", c=quality, cmap="viridis"))
        _classes(axes[1], places, "(b) reference image", samples.table["reference"].to_pylist())
        types = samples.table["type"].to_pylist()
        order = sorted({number for number in types if number is not None})
        names = [None if number is None else distortion_name(number) for number in types]
        _classes(axes[2], places, "(c) distortion type", names, [distortion_name(number) for number in order])
        _fit_height(figure, axes)
        return figure


def trainings_figure(
    features: Sequence[Any], names: Sequence[str], quality: npt.ArrayLike, *, method: Method = "auto", seed: int = 0
) -> Figure:
    """Draw the same pictures as several trained models see them, side by side, coloured by quality.

    Args:
        features: For each model (rows, dims); the rows are the same pictures in the same order.
        names: What each model is.
        quality: (rows,) human quality, 0-10.
        method: How to place them (:func:`syndr.report.project`).
        seed: Seed of UMAP.

    Raises:
        InputError: When lengths differ, or a row has no direction.
        MissingExtraError: Without matplotlib.

    Source: paper, figure 3.
    """
    values = np.asarray(quality, dtype=np.float64)
    if not features or len(features) != len(names):
        raise InputError(f"{len(features)} sets of features need as many names, at least one; got {len(names)}")
    for name, rows in zip(names, features, strict=True):
        if len(rows) != len(values):
            raise InputError(f"{name}: {len(rows)} rows of features for {len(values)} qualities")
    with style():
        placed = [project(rows, method, seed) for rows in features]
        letters = [chr(ord("a") + at) for at in range(len(placed))]
        notes = [f"{places.note} in ({letter})" for places, letter in zip(placed, letters, strict=True)]
        same = len({places.note for places in placed}) == 1
        figure, axes = _panels(len(placed), placed[0].note if same else "\n".join(notes))
        for axis, places, letter, name in zip(axes, placed, letters, names, strict=True):
            last = _points(axis, places, f"({letter}) {name}", c=values, cmap="viridis")
        _bar(figure, axes, last)
        _fit_height(figure, axes)
        return figure


def _check(features: Any, samples: Samples, *columns: str) -> None:
    missing = [name for name in columns if name not in samples]
    if missing:
        raise InputError(f"the figure needs the samples' {', '.join(missing)}: add the columns to their table")
    if len(features) != len(samples):
        raise InputError(f"{len(features)} rows of features for {len(samples)} samples")


def _panels(count: int, note: str, title: str = "") -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_PANEL * count + 0.9, _PANEL + 0.5), layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(1, count)))
    for axis in axes:
        axis.set(xticks=[], yticks=[])
        axis.set_box_aspect(1)
    if title:
        figure.suptitle(title, fontsize=10)
    figure.supxlabel(note, fontsize=6, color="0.4")  # UMAP or not: a reader must be able to tell
    return figure, axes


def _fit_height(figure: Figure, axes: Sequence[Axes]) -> None:
    """Take away the height that square panels cannot use, so that the note stands right below them."""
    figure.draw_without_rendering()
    unused = min(axis.get_position(original=True).height - axis.get_position().height for axis in axes)
    figure.set_figheight(figure.get_figheight() * (1.0 - unused))


def _points(axis: Axes, places: Projection, title: str, **colours: Any) -> Any:
    size = float(np.clip(6000 / max(1, len(places.xy)), 0.6, 14))
    axis.set_title(title)
    # Thousands of dots as vectors make a file that no viewer likes; the text around them stays text.
    return axis.scatter(
        places.xy[:, 0], places.xy[:, 1], s=size, linewidths=0, rasterized=len(places.xy) > 2000, **colours
    )


def _bar(figure: Figure, axes: Any, points: Any) -> None:
    figure.colorbar(points, ax=axes, shrink=0.85, pad=0.02, aspect=25).outline.set_visible(False)


def _classes(
    axis: Axes, places: Projection, title: str, values: Sequence[str | None], order: Sequence[str] | None = None
) -> None:
    import matplotlib as mpl
    from matplotlib.lines import Line2D

    names = list(order or sorted({value for value in values if value is not None}))
    distinct = [mpl.colormaps[name](at) for name in ("tab20", "tab20b", "tab20c") for at in range(20)]
    if len(names) <= 10:
        distinct = [mpl.colormaps["tab10"](at) for at in range(10)]
    elif len(names) > len(distinct):  # more than an eye can tell apart
        distinct = [mpl.colormaps["gist_rainbow"](at / len(names)) for at in range(len(names))]
    colour = dict(zip(names, distinct, strict=False))
    _points(axis, places, title, color=[(0.6, 0.6, 0.6, 1.0) if value is None else colour[value] for value in values])
    if len(names) <= _FEW_CLASSES:
        keys = [Line2D([], [], marker="o", ls="", ms=3, color=colour[name], label=name) for name in names]
        axis.legend(
            handles=keys, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=4.5, frameon=False,
            handletextpad=0.1, labelspacing=0.25,
        )  # fmt: skip
