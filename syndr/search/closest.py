"""The closest pairs of many rows, as many as fit in memory: the stretches of a walk that begins at the closest pair."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError
from syndr.progress import Progress, silent
from syndr.search.exact import ExactSearch
from syndr.search.protocol import Pairs
from syndr.search.rows import Rows

_HELD = 4_000_000  # pairs held at once: about 300 MB while they are sorted
_SAMPLED = 1500  # rows that tell how many pairs to expect below a distance
_TIED = 1e-12  # distances nearer to each other are rounding: pairs so close are exact duplicates


def closest_pairs(
    rows: Rows,
    among: npt.NDArray[np.int64],
    radius: float,
    beyond: float = 0.0,
    progress: Progress = silent,
) -> tuple[Pairs, float]:
    """Give all pairs below the largest distance, up to ``radius``, whose pairs fit in memory (four million of them).

    Args:
        rows: Feature rows.
        among: (members,) int64 rows to pair, which the pairs number in this order.
        radius: Largest cosine distance of interest, exclusive; above ``beyond``.
        beyond: A distance below which no pair is left.
        progress: Told about the search.

    Returns:
        The pairs sorted by (distance, i, j), and the distance below which they are all pairs: above ``beyond``.

    Raises:
        InputError: When more pairs than fit lie at one distance, as those of very many exact duplicates do.
    """
    search = ExactSearch()
    radius = min(radius, _fitting_radius(rows, among, radius, beyond))
    while True:
        blocks, held = [Pairs.none()], 0
        for block in search.iter_pairs(rows, radius, None, progress, max(1, _HELD // 4), among):
            blocks.append(block)
            held += len(block)
            if held > _HELD:
                break
        else:
            return Pairs.joined(blocks), radius
        if radius - beyond < _TIED:
            raise InputError(
                f"over {_HELD:,} pairs of candidates lie at cosine distance {beyond:g}, exact duplicates or nearly so "
                "where that is 0; leave one of each out first, for example with: syndr downsample"
            )
        radius = beyond + (radius - beyond) / 2


def _fitting_radius(rows: Rows, among: npt.NDArray[np.int64], radius: float, beyond: float) -> float:
    """Give a radius above ``beyond`` that about a third of what fits is expected below, judged by some of the rows."""
    count = len(among)
    some = among[np.arange(min(count, _SAMPLED)) * count // max(1, min(count, _SAMPLED))]
    distances = ExactSearch().pairs(rows.take(some), radius).distance
    share = len(some) * (len(some) - 1) / max(1, count * (count - 1))
    wanted = _HELD / 3 * share
    if len(distances) <= wanted:
        return radius
    # A step behind a pair, so that the pair itself is dealt with and the next stretch gets further.
    return float(np.nextafter(max(distances[int(wanted)], beyond + _TIED / 2), np.inf))
