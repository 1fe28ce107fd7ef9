"""Clusters by bands of size: where the samples are, and how many of them stayed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from syndr.report.blocks import Bars, Table

_STARTS = np.array([1, 2, 6, 11, 21, 41, 101, 201, 501, 1001, 10001])


def bars_by_size(size: npt.NDArray[np.int64], kept: npt.NDArray[np.int64]) -> Bars:
    """Show the samples of each band before and after; a band between two others is shown even when it is empty."""
    band = _bands(size)
    shown = range(band.min(), band.max() + 1)
    return Bars(
        labels=["single samples" if at == 0 else f"in clusters of {_name(at)}" for at in shown],
        values=[int(size[band == at].sum()) for at in shown],
        parts=[int(kept[band == at].sum()) for at in shown],
        caption="Samples by the size of their cluster, and how many of them stayed",
        part_label="kept",
        whole_label="before thinning",
    )


def sizes_before_and_after(size: npt.NDArray[np.int64], kept: npt.NDArray[np.int64]) -> Table:
    """Count clusters and samples of each band."""
    before, after = _bands(size), _bands(kept)
    return Table(
        columns=("Cluster size", "Clusters before", "Clusters after", "Samples before", "Samples after"),
        rows=[
            (
                _name(at),
                int((before == at).sum()),
                int((after == at).sum()),
                int(size[before == at].sum()),
                int(kept[after == at].sum()),
            )
            for at in range(min(before.min(), after.min()), max(before.max(), after.max()) + 1)
        ],
        caption="Cluster sizes before and after thinning",
    )


def _bands(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.searchsorted(_STARTS, sizes, side="right") - 1


def _name(at: int) -> str:
    first = _STARTS[at]
    if at + 1 == len(_STARTS):
        return f"more than {first - 1:,}"
    last = _STARTS[at + 1] - 1
    return f"{first:,}" if first == last else f"{first:,}–{last:,}"
