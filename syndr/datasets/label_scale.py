"""A database's labels on the common 0-10 scale, higher is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from syndr.errors import LabelRangeError


@dataclass(frozen=True)
class LabelScale:
    """How one database's scores become qualities.

    The map is linear and fixed by the whole published table: it is shared by real and pseudo labels and never refitted
    on a subset. The declared range only validates.

    Attributes:
        name: The database, for errors.
        declared: Lowest and highest score the database can hold.
        observed: Lowest and highest score of the full published table: they become 0 and 10, or 10 and 0.
        higher_is_better: False for differences from a reference (DMOS).
    """

    name: str
    declared: tuple[float, float]
    observed: tuple[float, float]
    higher_is_better: bool = True

    def quality(self, scores: npt.ArrayLike, ids: Sequence[str]) -> npt.NDArray[np.float64]:
        """Map scores to qualities.

        Args:
            scores: (rows,) native scores.
            ids: (rows,) names for errors.

        Returns:
            (rows,) float64 in about [0, 10].

        Raises:
            LabelRangeError: For NaN, or a score outside the declared range.
        """
        try:
            values = np.asarray(scores, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise LabelRangeError(f"{self.name}: labels must be numbers: {error}") from error
        low, high = self.declared
        wrong = np.flatnonzero(~((values >= low) & (values <= high)))
        if len(wrong):
            first = ", ".join(f"{ids[row]} = {values[row]:g}" for row in wrong[:5])
            raise LabelRangeError(
                f"{self.name}: {len(wrong)} labels lie outside the declared range {low:g}..{high:g}, first {first}; "
                "check the column and the label variant"
            )
        best, worst = self.observed[::-1] if self.higher_is_better else self.observed
        qualities = (values - worst) / (best - worst) * 10.0
        for end in (0.0, 10.0):
            qualities[np.abs(qualities - end) < _ROUNDING] = end
        return qualities


#: Tables of one database differ in the sixth decimal. At the ends, that must not lead out of 0-10.
_ROUNDING = 1e-5

#: Labels that are on the common scale already.
QUALITY = LabelScale("quality", declared=(0.0, 10.0), observed=(0.0, 10.0))
