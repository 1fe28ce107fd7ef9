"""DDCUp's choice of reference images: distribution-aware diverse content upsampling (section 3.4, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.errors import InputError
from syndr.notebook import card
from syndr.progress import Progress, silent
from syndr.search import (
    ExactSearch,
    OnBadRows,
    Rows,
    as_matrix,
    check_groups,
    check_ids,
    check_same_dims,
    closest_pairs,
    split_rows,
)

_BLOCK = 2048  # candidates of a forward pass that are compared with each other at once

Diversity = Literal["removal", "forward"]
Threshold = Literal["nearest", "all_pairs"]

SELECTED, TOO_CLOSE, TOO_FAR, SIMILAR, OVER_CAP, SET_ASIDE = (
    "selected",
    "too close to a reference",
    "too far from a reference",
    "similar to another candidate",
    "over max_selected",
    "no usable direction",
)


@dataclass(frozen=True)
class Selection:
    """Which candidates DDCUp chose, and why each of the others went.

    Attributes:
        indices: Ascending row positions of the selected candidates.
        reasons: (candidates,) one of the texts above, ``"selected"`` for the selected.
        distances: (candidates,) float64 distance that decided: to the nearest reference (too close), to the
            farthest reference (too far), to the candidate in ``others`` (similar; over the cap by removal: a member of
            the closest pair left, which may have gone later itself); NaN otherwise.
        others: (candidates,) int64 row of the reference, or of the candidate, at that distance; -1 for none.
        nearest: (candidates,) float64 distance to the nearest reference; NaN for those set aside.
        farthest: (candidates,) float64 distance to the farthest reference; NaN for those set aside.
        references_set_aside: Row positions of references without a usable direction; they took no part.
        lower: Threshold a candidate's nearest reference must exceed, and any two selected candidates must reach.
        upper: Threshold a candidate's farthest reference must stay below.
    """

    indices: npt.NDArray[np.int64]
    reasons: npt.NDArray[np.object_]
    distances: npt.NDArray[np.float64]
    others: npt.NDArray[np.int64]
    nearest: npt.NDArray[np.float64]
    farthest: npt.NDArray[np.float64]
    references_set_aside: npt.NDArray[np.int64]
    lower: float
    upper: float

    @property
    def counts(self) -> dict[str, int]:
        """How many candidates met each fate."""
        return {
            reason: int((self.reasons == reason).sum())
            for reason in (SELECTED, TOO_CLOSE, TOO_FAR, SIMILAR, OVER_CAP, SET_ASIDE)
        }

    def explain(
        self, row: int, candidate_ids: Sequence[str] | None = None, reference_ids: Sequence[str] | None = None
    ) -> str:
        """Say in one sentence what happened to a candidate, and why; rows go by number where no ids are given."""
        if not 0 <= row < len(self.reasons):
            raise InputError(f"there is no candidate {row}; rows are numbered 0 to {len(self.reasons) - 1}")
        reason, distance, other = self.reasons[row], self.distances[row], int(self.others[row])
        name = f"candidate {_name(row, candidate_ids)}"
        by_reference = reason in (TOO_CLOSE, TOO_FAR)  # then `other` is a reference's row, else a candidate's
        rival = (
            f"reference {_name(other, reference_ids)}" if by_reference else f"candidate {_name(other, candidate_ids)}"
        )
        return {
            SELECTED: f"{name} was selected",
            TOO_CLOSE: f"{name} is too close: {rival} is at {distance:.4f}, not over {self.lower:.4f}",
            TOO_FAR: f"{name} is too far: {rival} is at {distance:.4f}, not under {self.upper:.4f}",
            SIMILAR: f"{name} resembles {rival} at {distance:.4f}, not over {self.lower:.4f}",
            OVER_CAP: f"{name} passed every test but went over max_selected"
            + (f" (closest: {rival} at {distance:.4f})" if other >= 0 else ""),
            SET_ASIDE: f"{name} was set aside: its features have no usable direction",
        }[reason]

    def _repr_html_(self) -> str:
        colours = {SELECTED: "#1b8a5a"}
        return card(
            f"DDCUp selected {len(self.indices):,} of {len(self.reasons):,} candidates",
            {reason: count for reason, count in self.counts.items() if count}
            | {"lower threshold": self.lower, "upper threshold": self.upper},
            [(reason, count, colours.get(reason, "#a9b4be")) for reason, count in self.counts.items()],
        )

    def __repr__(self) -> str:
        fates = ", ".join(f"{count} {reason}" for reason, count in self.counts.items() if count)
        return f"Selection({fates} of {len(self.reasons)}; lower {self.lower:.4f}, upper {self.upper:.4f})"


def _name(row: int, ids: Sequence[str] | None) -> str:
    return str(row) if ids is None or row < 0 else ids[row]


class DDCUp:
    """Choose candidates that add content without leaving the references' distribution (Algorithm 1).

    A candidate passes when its nearest reference is farther than ``lower`` and its farthest nearer than ``upper``, the
    largest distance between two references; both strictly. Those that pass are thinned until no two are nearer than
    ``lower`` (by removal), or all are farther apart than it (forward).

    Args:
        diversity: ``"removal"`` (the authors' code): the closest remaining pair loses its earlier member, until none is
            below ``lower``. ``"forward"`` (the paper's text): one pass that accepts a candidate farther than ``lower``
            from all accepted before it.
        threshold: What ``lower`` is the median of: ``"nearest"``, each reference's distance to its nearest other
            reference (the authors' code); ``"all_pairs"``, all distances between references (the paper's text, which
            selects nothing on the authors' own features).
        max_selected: Most candidates to select; None for no limit. Forward stops accepting; removal goes on past
            ``lower``, closest pair first.
        on_bad_rows: ``"raise"`` or ``"set_aside"`` for rows of zero norm, NaN or infinity.
    """

    def __init__(
        self,
        diversity: Diversity = "removal",
        threshold: Threshold = "nearest",
        max_selected: int | None = None,
        on_bad_rows: OnBadRows = "raise",
    ) -> None:
        if diversity not in ("removal", "forward"):
            raise InputError(f'diversity must be "removal" or "forward", not {diversity!r}')
        if threshold not in ("nearest", "all_pairs"):
            raise InputError(f'threshold must be "nearest" or "all_pairs", not {threshold!r}')
        if max_selected is not None and max_selected < 1:
            raise InputError(f"max_selected must be at least 1 or None, not {max_selected}")
        self.diversity = diversity
        self.threshold = threshold
        self.max_selected = max_selected
        self.on_bad_rows = on_bad_rows

    def select(
        self,
        reference_features: Any,
        candidate_features: Any,
        candidate_ids: Sequence[str] | None = None,
        reference_groups: npt.ArrayLike | None = None,
        progress: Progress = silent,
    ) -> Selection:
        """Select candidates.

        Args:
            reference_features: (references, dims) training references, at least two.
            candidate_features: (candidates, dims) pool. Both: NumPy array, memory map or torch tensor, float16/32/64,
                any strides, from the same backbone; not copied, but for a feature store in several shards, once.
            candidate_ids: Unique names: candidates are then taken in ascending order of id whatever their row order.
                Without, in row order.
            reference_groups: (references,) int; references of one group (crops of one photograph) are never each
                other's neighbours in the thresholds. Each is its own group when None.
            progress: Told about the search.

        Returns:
            The :class:`Selection`; one with no candidate selected is a result like any other.

        Raises:
            InputError: For fewer than two references (or groups of them), no candidates, other dims or repeated ids.
            BadRowsError: For rows without a direction, unless ``on_bad_rows="set_aside"``.
        """
        reference_features = as_matrix(reference_features, "reference_features")
        references, reference_rows = split_rows(reference_features, "reference_features", self.on_bad_rows)
        pool = as_matrix(candidate_features, "candidate_features")
        if len(pool) == 0:
            raise InputError("candidate_features has no rows: there is nothing to select from")
        ids = check_ids(candidate_ids, len(pool), "candidate_ids")
        good, positions = split_rows(pool, "candidate_features", self.on_bad_rows, ids)
        check_same_dims(references, good, "reference_features and candidate_features")
        groups = _groups(reference_groups, len(reference_features))[reference_rows]
        lower, upper = reference_thresholds(references, self.threshold, groups, progress)

        decided = _Ledger.empty(len(pool), positions)
        search = ExactSearch()
        near, near_row = search.nearest(good, references, progress=progress)
        near, near_row = near[:, 0], near_row[:, 0]
        far, far_row = search.farthest(good, references, progress=progress)
        decided.note(np.flatnonzero(near <= lower), TOO_CLOSE, near, reference_rows[near_row])
        decided.note(np.flatnonzero((near > lower) & (far >= upper)), TOO_FAR, far, reference_rows[far_row])
        walk = np.arange(len(good))
        if candidate_ids is not None:
            walk = np.array(sorted(walk.tolist(), key=lambda row: ids[positions[row]]), dtype=np.int64)
        passing = walk[((near > lower) & (far < upper))[walk]]
        if len(passing):
            thin = self._thin_forward if self.diversity == "forward" else self._thin_by_removal
            thin(good, passing, lower, decided, progress)
        aside = np.setdiff1d(np.arange(len(reference_features)), reference_rows)
        return decided.selection(near, far, aside, lower, upper)

    def _thin_forward(
        self, rows: Rows, passing: npt.NDArray[np.int64], lower: float, decided: _Ledger, progress: Progress
    ) -> None:
        """Walk in blocks, so that memory holds the pairs inside one block only, however many look alike."""
        search = ExactSearch()
        cap = len(passing) if self.max_selected is None else self.max_selected
        accepted = np.empty(0, dtype=np.int64)
        for start in range(0, len(passing), _BLOCK):
            progress("forward", start, len(passing))
            block = passing[start : start + _BLOCK]
            if len(accepted):
                distance, nearest = search.nearest(rows.take(block), rows.take(accepted))
                close = distance[:, 0] <= lower
                decided.rival(block[close], SIMILAR, distance[close, 0], accepted[nearest[close, 0]])
                block = block[~close]
            # Rejected at a distance not over the threshold, so the search's strict radius is one step above it.
            pairs = search.pairs(rows.take(block), np.nextafter(lower, np.inf))
            removed_by, decided_by = _native.thin(len(block), pairs.i, pairs.j, True, cap - len(accepted))
            over = np.flatnonzero(removed_by == np.arange(len(block)))
            decided.note(block[over], OVER_CAP)
            gone = np.flatnonzero((removed_by >= 0) & (removed_by != np.arange(len(block))))
            decided.rival(block[gone], SIMILAR, pairs.distance[decided_by[gone]], block[removed_by[gone]])
            accepted = np.concatenate([accepted, block[removed_by < 0]])
        progress("forward", len(passing), len(passing))

    def _thin_by_removal(
        self, rows: Rows, passing: npt.NDArray[np.int64], lower: float, decided: _Ledger, progress: Progress
    ) -> None:
        """Walk over the sorted pairs in stretches of growing distance.

        Nobody removed comes back, so a stretch need only hold the pairs of those still there.
        """
        alive, reached = passing, 0.0
        while reached < lower:
            alive, reached = self._remove_closest(rows, alive, lower, reached, 0, SIMILAR, decided, progress)
        cap = self.max_selected
        while cap is not None and len(alive) > cap:
            target = min(max(reached * 1.25, 1e-3), 2.0 + 1e-9)
            alive, reached = self._remove_closest(rows, alive, target, reached, cap, OVER_CAP, decided, progress)

    @staticmethod
    def _remove_closest(
        rows: Rows,
        alive: npt.NDArray[np.int64],
        radius: float,
        beyond: float,
        keep: int,
        reason: str,
        decided: _Ledger,
        progress: Progress,
    ) -> tuple[npt.NDArray[np.int64], float]:
        """Give who is left of ``alive`` after the pairs below a distance, and that distance, at most ``radius``."""
        pairs, radius = closest_pairs(rows, alive, radius, beyond, progress)
        removed_by, decided_by = _native.thin(len(alive), pairs.i, pairs.j, False, keep)
        gone = np.flatnonzero(removed_by >= 0)
        decided.rival(alive[gone], reason, pairs.distance[decided_by[gone]], alive[removed_by[gone]])
        return alive[removed_by < 0], radius


def reference_thresholds(
    references: Rows,
    threshold: Threshold = "nearest",
    groups: npt.NDArray[np.int64] | None = None,
    progress: Progress = silent,
) -> tuple[float, float]:
    """Give DDCUp's two thresholds: the median described at :class:`DDCUp`, and the largest distance.

    Args:
        references: At least two rows, in at least two groups.
        threshold: ``"nearest"`` or ``"all_pairs"``.
        groups: (references,) int64; distances inside a group are left out. Each row is its own group when None.
        progress: Told about the search.

    Returns:
        (lower, upper), cosine distances.
    """
    groups = _groups(groups, len(references))
    if len(np.unique(groups)) < 2:
        raise InputError(
            f"DDCUp needs at least two references of different photographs to measure distances, not {len(references)}"
        )
    search = ExactSearch()
    upper = float(search.farthest(references, references, groups, groups, progress)[0].max())
    if threshold == "nearest":
        nearest, _ = search.nearest(references, references, 1, groups, groups, progress)
        return float(np.median(nearest)), upper
    distances, _ = search.nearest(references, references, len(references), groups, groups, progress)
    return float(np.nanmedian(distances)), upper


def _groups(groups: npt.ArrayLike | None, rows: int) -> npt.NDArray[np.int64]:
    return np.arange(rows) if groups is None else check_groups(groups, rows, "reference_groups")


@dataclass
class _Ledger:
    """The fate of each candidate while it is being found out; rows here are the good ones, in walking order."""

    positions: npt.NDArray[np.int64]
    reasons: npt.NDArray[np.object_]
    distances: npt.NDArray[np.float64]
    others: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, candidates: int, positions: npt.NDArray[np.int64]) -> _Ledger:
        reasons = np.full(candidates, SET_ASIDE, dtype=object)
        reasons[positions] = SELECTED  # until a test says otherwise
        return cls(positions, reasons, np.full(candidates, np.nan), np.full(candidates, -1, dtype=np.int64))

    def note(
        self,
        rows: npt.NDArray[np.int64],
        reason: str,
        distances: npt.NDArray[np.float64] | None = None,
        others: npt.NDArray[np.int64] | None = None,
    ) -> None:
        at = self.positions[rows]
        self.reasons[at] = reason
        if distances is not None and others is not None:
            self.distances[at], self.others[at] = distances[rows], others[rows]

    def rival(
        self,
        rows: npt.NDArray[np.int64],
        reason: str,
        distances: npt.NDArray[np.float64],
        others: npt.NDArray[np.int64],
    ) -> None:
        """Note rows decided by other candidates; ``distances`` and ``others`` go with ``rows``."""
        at = self.positions[rows]
        self.reasons[at], self.distances[at], self.others[at] = reason, distances, self.positions[others]

    def selection(
        self,
        near: npt.NDArray[np.float64],
        far: npt.NDArray[np.float64],
        references_set_aside: npt.NDArray[np.int64],
        lower: float,
        upper: float,
    ) -> Selection:
        nearest, farthest = np.full_like(self.distances, np.nan), np.full_like(self.distances, np.nan)
        nearest[self.positions], farthest[self.positions] = near, far
        return Selection(
            indices=np.flatnonzero(self.reasons == SELECTED),
            reasons=self.reasons,
            distances=self.distances,
            others=self.others,
            nearest=nearest,
            farthest=farthest,
            references_set_aside=references_set_aside,
            lower=lower,
            upper=upper,
        )
