"""DRCDown: density-aware redundant cluster downsampling (paper section 3.5, Algorithm 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError
from syndr.notebook import card
from syndr.progress import Progress, silent
from syndr.rng import hash_ids
from syndr.search import (
    ExactSearch,
    LabelGap,
    OnBadRows,
    Rows,
    Search,
    as_matrix,
    check_ids,
    check_labels,
    get_search,
    split_rows,
)

Rule = Literal["released", "paper"]

#: Most members of a cluster all of whose pairs are compared unasked: a table or a page must not take hours.
MEASURED_MEMBERS = 5000


def kept_sizes(sizes: npt.ArrayLike, rule: Rule = "released", min_keep: int = 20) -> npt.NDArray[np.int64]:
    """Give how many members a cluster of each size keeps.

    Args:
        sizes: Cluster sizes L >= 1.
        rule: ``"released"`` (the authors' code): L > T keeps max(T, L // 2). ``"paper"`` (Algorithm 3): L > 2T keeps
            max(L // 2, T). Smaller clusters keep all.
        min_keep: T.

    Returns:
        int64 array of the same shape.
    """
    sizes = np.asarray(sizes, dtype=np.int64)
    limit = {"released": min_keep, "paper": 2 * min_keep}[rule]
    return np.where(sizes > limit, np.maximum(sizes // 2, min_keep), sizes)


@dataclass(frozen=True)
class Thinning:
    """What one run of DRCDown did, row by row and cluster by cluster.

    Attributes:
        labels: (rows,) int64 cluster of each row, numbered by first member; -1 for rows set aside as bad.
        kept: Ascending row positions kept.
        dropped: Ascending row positions dropped from a redundant cluster.
        set_aside: Ascending positions of rows without a usable direction: neither kept nor dropped.
        sizes: (clusters,) int64 size of each cluster.
        sizes_kept: (clusters,) int64 members each cluster kept.
        label_span: (clusters,) float64 largest minus smallest label inside; NaN when no labels were given.
        distance: The radius.
        ids: (rows,) the ids given, or the row numbers as text.
        engine_report: What the search did: the backend's ``report``.
    """

    labels: npt.NDArray[np.int64]
    kept: npt.NDArray[np.int64]
    dropped: npt.NDArray[np.int64]
    set_aside: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    sizes_kept: npt.NDArray[np.int64]
    label_span: npt.NDArray[np.float64]
    distance: float
    ids: list[str]
    engine_report: dict[str, Any] = field(repr=False)
    _rows: Rows = field(repr=False)

    @cached_property
    def largest_distance(self) -> npt.NDArray[np.float64]:
        """(clusters,) float64 largest cosine distance inside each cluster, 0 for singletons.

        Worked out when first asked for, from all pairs inside each cluster, however large it is. A value far above
        the radius tells of chaining: members joined through others, who may be unlike each other.
        """
        members = self.labels[self.labels >= 0]
        return ExactSearch().diameters(self._rows, members, len(self.sizes))

    def inner_distances(self, most: int = MEASURED_MEMBERS) -> npt.NDArray[np.float64]:
        """Give :attr:`largest_distance` where it is soon found.

        Args:
            most: Most members of a cluster that is measured.

        Returns:
            (clusters,) float64; NaN for clusters of more than ``most`` members.
        """
        if self.sizes.max(initial=0) <= most:
            return self.largest_distance
        members = self.labels[self.labels >= 0]
        measured = np.flatnonzero((self.sizes > 1) & (self.sizes <= most))
        inside = np.flatnonzero(np.isin(members, measured))
        found = np.where(self.sizes > most, np.nan, 0.0)
        found[measured] = ExactSearch().diameters(
            self._rows.take(inside), np.searchsorted(measured, members[inside]), len(measured)
        )
        return found

    def inner_distance(self, cluster: int) -> float:
        """Give the largest cosine distance inside one cluster, 0 for a singleton; only its own rows are copied."""
        inside = self._rows.take(np.flatnonzero(self.labels[self.labels >= 0] == cluster))
        return float(ExactSearch().diameters(inside, np.zeros(len(inside), dtype=np.int64), 1)[0])

    @property
    def features(self) -> npt.NDArray[Any]:
        """(rows with a direction, dims) the features that were compared, in row order: those given, not a copy."""
        return self._rows.features

    def explain(self, row: int) -> str:
        """Say in one sentence what happened to a row, and why."""
        if not 0 <= row < len(self.labels):
            raise InputError(f"there is no row {row}; rows are numbered 0 to {len(self.labels) - 1}")
        cluster = self.labels[row]
        if cluster < 0:
            return f"row {row} was set aside: its features have no usable direction"
        size, kept = self.sizes[cluster], self.sizes_kept[cluster]
        if size == kept:
            return f"row {row} was kept: its cluster {cluster} of {size} is not redundant enough to be thinned"
        verb = "kept" if np.isin(row, self.kept) else "dropped"
        return (
            f"row {row} was {verb}: its cluster {cluster} has {size} members joined by distances under "
            f"{self.distance:g}, and {kept} of them were drawn to stay"
        )

    def _repr_html_(self) -> str:
        kept, dropped, aside = len(self.kept), len(self.dropped), len(self.set_aside)
        return card(
            f"DRCDown dropped {dropped:,} of {len(self.labels):,} rows",
            {
                "clusters": len(self.sizes),
                "thinned": int((self.sizes_kept < self.sizes).sum()),
                "largest, before and after": f"{self.sizes.max(initial=0):,} → {self.sizes_kept.max(initial=0):,}",
                "kept": kept,
                "dropped": dropped,
                "set aside": aside,
                "joined below": float(self.distance),
            },
            [("kept", kept, "#1f6fb4"), ("dropped", dropped, "#e08214"), ("set aside", aside, "#a9b4be")],
        )

    def __repr__(self) -> str:
        thinned = int((self.sizes_kept < self.sizes).sum())
        return (
            f"Thinning({len(self.labels)} rows in {len(self.sizes)} clusters: {len(self.kept)} kept, "
            f"{len(self.dropped)} dropped from {thinned} clusters, {len(self.set_aside)} set aside)"
        )


class DRCDown:
    """Thin dense clusters of look-alike samples (Algorithm 3; docs/algorithms.md says how the paper is read).

    Two samples are joined when their cosine distance is below ``distance`` and their labels differ by less than
    ``label_gap``, both strictly; clusters are connected components. A redundant cluster keeps the members with the
    smallest XXH64 of (random_state, epoch, id): the same for any row order, thread count and backend, and another
    draw in each epoch.

    Args:
        distance: Radius in cosine distance, in (0, 2].
        label_gap: Largest label difference, exclusive, on the 0-10 scale; positive.
        min_keep: T, the size to which a cluster may be thinned; at least 1.
        rule: ``"released"`` or ``"paper"``, see :func:`kept_sizes`.
        random_state: Seed of the draw.
        on_bad_rows: ``"raise"`` or ``"set_aside"`` for rows of zero norm, NaN or infinity.
        search: Backend, by name or as an object.

    Attributes:
        labels_: (rows,) int64 component of each row.
        sample_indices_: Ascending positions of the rows kept.
        result_: The :class:`Thinning`.
    """

    labels_: npt.NDArray[np.int64]
    sample_indices_: npt.NDArray[np.int64]
    result_: Thinning

    def __init__(
        self,
        distance: float = 0.1,
        label_gap: float = 1.0,
        min_keep: int = 20,
        rule: Rule = "released",
        random_state: int = 0,
        on_bad_rows: OnBadRows = "raise",
        search: str | Search = "exact",
    ) -> None:
        if not 0 < distance <= 2:
            raise InputError(f"distance must lie in (0, 2], not {distance}")
        if not label_gap > 0:
            raise InputError(f"label_gap must be positive, not {label_gap}")
        if min_keep < 1:
            raise InputError(f"min_keep must be at least 1, not {min_keep}")
        if rule not in ("released", "paper"):
            raise InputError(f'rule must be "released" or "paper", not {rule!r}')
        if not isinstance(random_state, int | np.integer):
            raise InputError(f"random_state must be an integer, not {random_state!r}: the draw depends on it alone")
        self.distance = distance
        self.label_gap = label_gap
        self.min_keep = min_keep
        self.rule = rule
        self.random_state = random_state
        self.on_bad_rows = on_bad_rows
        self.search = search

    def fit(
        self,
        X: Any,
        y: Any = None,
        ids: Sequence[str] | None = None,
        epoch: int = 0,
        progress: Progress = silent,
    ) -> DRCDown:
        """Find the clusters and draw who stays.

        Args:
            X: (rows, dims) features: NumPy array, memory map or torch tensor, float16/32/64, any strides, not copied;
                a feature store in several shards is, once.
            y: (rows,) labels on the 0-10 scale; None for no label condition.
            ids: Unique names of the rows; the row numbers when None, and only then does row order matter.
            epoch: Which draw to make.
            progress: Told about the search.

        Returns:
            self

        Raises:
            InputError: For an empty set, mismatched lengths, repeated ids or labels that are not finite.
            BadRowsError: For rows without a direction, unless ``on_bad_rows="set_aside"``.
        """
        features = as_matrix(X)
        total = len(features)
        if total == 0:
            raise InputError("X has no rows: there is nothing to thin")
        names = check_ids(ids, total)
        rows, positions = split_rows(features, "X", self.on_bad_rows, names)
        gap = None if y is None else LabelGap(check_labels(y, total)[positions], self.label_gap)

        search = get_search(self.search)
        members = search.components(rows, self.distance, gap, progress)
        sizes = np.bincount(members)
        sizes_kept = kept_sizes(sizes, self.rule, self.min_keep)
        stays = _draw(members, sizes_kept, [names[row] for row in positions], (self.random_state, epoch))

        self.labels_ = np.full(total, -1, dtype=np.int64)
        self.labels_[positions] = members
        self.sample_indices_ = positions[stays]
        self.result_ = Thinning(
            labels=self.labels_,
            kept=self.sample_indices_,
            dropped=positions[~stays],
            set_aside=np.setdiff1d(np.arange(total), positions),
            sizes=sizes,
            sizes_kept=sizes_kept,
            label_span=_spans(members, len(sizes), gap),
            distance=self.distance,
            ids=names,
            engine_report=search.report,
            _rows=rows,
        )
        return self

    def fit_resample(self, X: Any, y: Any = None, ids: Sequence[str] | None = None) -> tuple[Any, Any]:
        """Fit, and give the kept rows of ``X`` and ``y`` (copies; ``y`` stays None when it was None)."""
        kept = self.fit(X, y, ids).sample_indices_
        return (X if hasattr(X, "dtype") else as_matrix(X))[kept], None if y is None else np.asarray(y)[kept]


def _draw(
    members: npt.NDArray[np.int64], sizes_kept: npt.NDArray[np.int64], ids: list[str], seed: tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    """Mark the ``sizes_kept[c]`` members of each cluster c whose ids have the smallest hashes, ties by id."""
    hashes = hash_ids(ids, *seed)
    order = np.lexsort((hashes, members))
    in_order = hashes[order]
    if np.any((in_order[1:] == in_order[:-1]) & (members[order][1:] == members[order][:-1])):
        order = np.lexsort((np.array(ids), hashes, members))  # sorting texts is slow, equal hashes are rare
    sizes = np.bincount(members)
    starts = np.cumsum(sizes) - sizes
    rank = np.arange(len(members)) - starts[members[order]]
    stays = np.zeros(len(members), dtype=bool)
    stays[order] = rank < sizes_kept[members[order]]
    return stays


def _spans(members: npt.NDArray[np.int64], count: int, gap: LabelGap | None) -> npt.NDArray[np.float64]:
    if gap is None:
        return np.full(count, np.nan)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, members, gap.labels)
    np.maximum.at(high, members, gap.labels)
    return high - low
