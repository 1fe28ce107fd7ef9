"""The released code's mix-up of two lists, made again on purpose so that its effect can be measured."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError
from syndr.samples import Samples
from syndr.training.thinning import Thinner


class MisalignedThinner:
    """Thins by positions in one list, applied to another (the authors' released training script).

    The released code numbers the samples of the 74 references it trains on, has DRCDown choose among these numbers,
    takes the samples of these numbers from the list of all 81 references, and only then leaves the seven references
    out. So a decision lands on a sample of the same type and level of another reference, up to seven further up,
    and the last seven references never train.

    Both lists are ordered by reference, type and level. The decisions, as they were meant, are in ``result_`` of the
    thinner inside.

    Attributes:
        thinner: The thinner that decides.
        sample_indices_: Ascending positions of the rows kept.
    """

    sample_indices_: npt.NDArray[np.int64]

    def __init__(self, thinner: Thinner, samples: Samples, left_out: Set[str]) -> None:
        """Take the list of all samples, of which only rows that are no pseudo-labelled ones count.

        Args:
            thinner: The thinner that decides.
            samples: The training table, with ``reference``, ``type`` and ``level``.
            left_out: The references that training leaves out.

        Raises:
            InputError: When a column is not there.
        """
        for column in ("reference", "type", "level"):
            if column not in samples:
                raise InputError(f"the released index bug needs a column {column!r} in the training table")
        self.thinner, self.left_out = thinner, len(left_out)
        originals = samples.take(samples["origin"] == "original") if "origin" in samples else samples
        columns = [originals[name].tolist() for name in ("reference", "type", "level")]
        in_order = sorted(zip(*columns, originals.ids, strict=True))
        self._every = [row[-1] for row in in_order]
        self._trained = [row[-1] for row in in_order if row[0] not in left_out]
        self._left_out_ids = {row[-1] for row in in_order if row[0] in left_out}

    def fit(
        self,
        X: npt.NDArray[np.float32],
        y: npt.NDArray[np.float64] | None = None,
        ids: Sequence[str] | None = None,
        epoch: int = 0,
    ) -> MisalignedThinner:
        """Decide as the released code does; arguments as those of :meth:`syndr.DRCDown.fit`.

        Raises:
            InputError: Without ids, which tell the two lists apart.
        """
        if ids is None:
            raise InputError("the released index bug needs ids: it is about which list a position belongs to")
        shown = {name: row for row, name in enumerate(ids)}
        trained = [shown[name] for name in self._trained if name in shown]
        decided = self.thinner.fit(
            X[trained], None if y is None else y[trained], ids=[ids[row] for row in trained], epoch=epoch
        )
        shown_trained = [ids[row] for row in trained]
        kept = {shown_trained[at] for at in decided.sample_indices_}
        # A picture that could not be read is not there to be dropped: its number stays.
        numbers = [at for at, name in enumerate(self._trained) if name in kept or name not in shown]
        taken = {self._every[at] for at in numbers} - self._left_out_ids
        pseudo = set(ids).difference(self._every)  # with scope "all"; the released code thins originals alone
        self.sample_indices_ = np.array(
            [row for row, name in enumerate(ids) if name in taken or name in pseudo], dtype=np.int64
        )
        return self

    @property
    def result_(self) -> Any:
        """What the thinner inside found and meant."""
        return self.thinner.result_  # type: ignore[attr-defined]
