"""Where DRCDown meets training: which rows may be thinned, and which an epoch keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError
from syndr.samples import Samples

#: ``"epoch"`` thins anew in each epoch, with the features of the model in training; ``"once"`` thins before
#: training, with the features the model has then.
Refresh = Literal["epoch", "once"]

#: ``"originals"`` thins the database's own samples only; ``"all"`` those with pseudo-labels too.
Scope = Literal["originals", "all"]


class Thinner(Protocol):
    """What training needs of a thinner; :class:`syndr.DRCDown` is one."""

    sample_indices_: npt.NDArray[np.int64]

    def fit(
        self,
        X: npt.NDArray[np.float32],
        y: npt.NDArray[np.float64] | None = None,
        ids: Sequence[str] | None = None,
        epoch: int = 0,
    ) -> Any:
        """Decide which rows stay and leave their ascending positions in ``sample_indices_``."""


def eligible_rows(samples: Samples, scope: Scope) -> npt.NDArray[np.int64]:
    """Give the rows that may be thinned, ascending.

    Raises:
        InputError: When the scope depends on ``origin`` and a row's is neither "original" nor "pseudo".
    """
    if scope == "all" or "origin" not in samples:
        return np.arange(len(samples))
    origin = samples["origin"]
    strange = [samples.ids[row] for row, value in enumerate(origin) if value not in ("original", "pseudo")]
    if strange:
        raise InputError(
            f"{len(strange)} samples have an origin other than 'original' or 'pseudo', first {strange[:5]}; "
            "fill the column or use scope 'all'"
        )
    return np.flatnonzero(origin == "original")


def dropped_rows(
    thinning: Thinner,
    features: npt.NDArray[np.float32],
    quality: npt.NDArray[np.float64],
    ids: Sequence[str],
    rows: npt.NDArray[np.int64],
    epoch: int,
) -> npt.NDArray[np.int64]:
    """Ask a thinner which of some rows an epoch should do without.

    Args:
        thinning: The thinner.
        features: Features of those rows, shape (len(rows), dims).
        quality: Labels of the whole table, shape (N,).
        ids: Ids of the whole table.
        rows: The rows, ascending.
        epoch: Epoch, counted from 0.

    Returns:
        The rows it drops, ascending.
    """
    if len(rows) == 0:
        return rows
    thinning.fit(features, quality[rows], ids=[ids[row] for row in rows], epoch=epoch)
    return np.delete(rows, thinning.sample_indices_)
