"""Pseudo-labels for synthesized images (paper section 3.4, Algorithm 2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError
from syndr.notebook import card
from syndr.samples import Samples
from syndr.search import OnBadRows, Search, as_matrix, check_groups, check_ids, check_same_dims, get_search, split_rows
from syndr.virtual import virtual_rows

Weighting = Literal["farther", "nearer", "uniform"]


@dataclass(frozen=True)
class PseudoLabels:
    """Labels borrowed from near references, with what each was made of.

    Attributes:
        new_ids: (new,) ids of the images labelled.
        reference_ids: (references,) ids that ``neighbours`` points into, ascending.
        types: KADID distortion types labelled.
        levels: KADID levels labelled.
        quality: (new, types, levels) float64, 0-10, higher is better.
        neighbours: (new, k) int64 positions in ``reference_ids``, nearest first; -1 for those left out.
        weights: (new, k) float64, summing to 1 over each row; 0 for those left out.
        distances: (new, k) float64 cosine distances; NaN where there was no k-th neighbour.
        set_aside: Ids of new images and references without a usable direction; they took no part.
    """

    new_ids: list[str]
    reference_ids: list[str]
    types: tuple[int, ...]
    levels: tuple[int, ...]
    quality: npt.NDArray[np.float64]
    neighbours: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    distances: npt.NDArray[np.float64]
    set_aside: list[str]

    def _repr_html_(self) -> str:
        used = (self.neighbours >= 0).sum(axis=1)
        return card(
            f"Pseudo-labels of {len(self.new_ids):,} images",
            {
                "distortion types x levels": f"{len(self.types)} x {len(self.levels)}",
                "neighbours used, mean": float(used.mean()) if len(used) else None,
                "quality, lowest to highest": f"{self.quality.min():.2f} to {self.quality.max():.2f}"
                if self.quality.size
                else None,
                "set aside": len(self.set_aside),
            },
        )

    def samples(self, new_references: Samples, dataset_seed: int = 0) -> Samples:
        """Give the virtual rows: one for each new image, type and level.

        Args:
            new_references: Table with the new images' ids and paths.
            dataset_seed: Seed of the virtual data set.

        Returns:
            Columns of :func:`virtual_rows` with ``quality``, ``origin`` ("pseudo"), and ``neighbours`` (ids, nearest
            first) and ``weights`` as JSON lists, which every table format can hold.
        """
        rows = virtual_rows(new_references.by_id(self.new_ids), self.types, self.levels, dataset_seed)
        cells = len(self.types) * len(self.levels)
        neighbours, weights = [], []
        for near, weight in zip(self.neighbours, self.weights, strict=True):
            used = near >= 0
            neighbours.append(json.dumps([self.reference_ids[n] for n in near[used]], ensure_ascii=False))
            weights.append(json.dumps([round(float(w), 6) for w in weight[used]]))
        return (
            rows.with_column("quality", self.quality.reshape(-1))
            .with_column("origin", ["pseudo"] * len(rows))
            .with_column("neighbours", np.repeat(neighbours, cells))
            .with_column("weights", np.repeat(weights, cells))
        )


def pseudo_labels(
    originals: Samples,
    reference_ids: Sequence[str],
    reference_features: Any,
    new_ids: Sequence[str],
    new_features: Any,
    types: Sequence[int],
    levels: Sequence[int] = (1, 3, 5),
    *,
    k: int = 5,
    gap: float | None = 0.05,
    weighting: Weighting = "farther",
    reference_groups: npt.ArrayLike | None = None,
    new_groups: npt.ArrayLike | None = None,
    on_bad_rows: OnBadRows = "raise",
    search: str | Search = "exact",
) -> PseudoLabels:
    """Label new images with the labels of their nearest training references (Algorithm 2).

    Args:
        originals: Labelled training samples with columns ``reference``, ``type``, ``level`` and ``quality`` (0-10).
        reference_ids: (references,) ids, as in ``originals["reference"]``.
        reference_features: (references, dims).
        new_ids: (new,) ids of the images to label.
        new_features: (new, dims), from the same backbone.
        types: KADID distortion types to label.
        levels: KADID levels to label.
        k: Neighbours to look at; with fewer references, all of them.
        gap: Keep neighbours with distance - nearest distance < gap (the authors' code). None keeps all k: the effect of
            the sign printed in the paper.
        weighting: ``"farther"``, softmax(+distance), as in paper and code; ``"nearer"``, softmax(-distance); or
            ``"uniform"``.
        reference_groups: (references,) int, together with ``new_groups``: references of a new image's own group (crops
            of one photograph) are passed over.
        new_groups: (new,) int.
        on_bad_rows: ``"raise"`` or ``"set_aside"`` for features of zero norm, NaN or infinity.
        search: Backend, by name or as an object.

    Returns:
        The :class:`PseudoLabels`.

    Raises:
        InputError: For a neighbour with no label, or with two different ones, for some (type, level); no neighbours;
            mismatched lengths.
        BadRowsError: For rows without a direction, unless ``on_bad_rows="set_aside"``.
    """
    if k < 1:
        raise InputError(f"k must be at least 1, not {k}")
    if (reference_groups is None) != (new_groups is None):
        raise InputError("reference_groups and new_groups go together")
    reference_features = as_matrix(reference_features, "reference_features")
    new_features = as_matrix(new_features, "new_features")
    all_references = check_ids(reference_ids, len(reference_features), "reference_ids")
    all_new = check_ids(new_ids, len(new_features), "new_ids")
    references, reference_rows = split_rows(reference_features, "reference_features", on_bad_rows, all_references)
    new, new_rows = split_rows(new_features, "new_features", on_bad_rows, all_new)
    check_same_dims(references, new, "reference_features and new_features")

    # Ties in distance go to the lower id, so that row order does not matter.
    by_id = np.array(
        sorted(range(len(references)), key=lambda row: all_references[reference_rows[row]]), dtype=np.int64
    )
    references, reference_rows = references.take(by_id), reference_rows[by_id]
    groups: tuple[npt.NDArray[np.int64] | None, npt.NDArray[np.int64] | None] = (None, None)
    if reference_groups is not None and new_groups is not None:
        groups = (
            check_groups(new_groups, len(all_new), "new_groups")[new_rows],
            check_groups(reference_groups, len(all_references), "reference_groups")[reference_rows],
        )
    if len(references) == 0:
        raise InputError("there are no references to take labels from")
    distances, neighbours = get_search(search).nearest(new, references, min(k, len(references)), *groups)
    lonely = np.flatnonzero(neighbours[:, 0] < 0)
    if len(lonely):
        raise InputError(
            f"{len(lonely)} new images have no reference of another group, first {all_new[new_rows[lonely[0]]]}"
        )
    weights = neighbour_weights(distances, gap, weighting)
    names = [all_references[row] for row in reference_rows]
    known = _label_table(originals, names, types, levels, used=np.unique(neighbours[weights > 0]))
    # Left-out neighbours weigh nothing; their labels may be unknown (NaN), which must not spread.
    borrowed = np.where((weights > 0)[:, :, None, None], known[neighbours], 0.0)
    return PseudoLabels(
        new_ids=[all_new[row] for row in new_rows],
        reference_ids=names,
        types=tuple(int(t) for t in types),
        levels=tuple(int(level) for level in levels),
        quality=np.einsum("nk,nktl->ntl", weights, borrowed),
        neighbours=np.where(weights > 0, neighbours, -1),
        weights=weights,
        distances=distances,
        set_aside=[
            *(all_new[row] for row in np.setdiff1d(np.arange(len(all_new)), new_rows)),
            *(all_references[row] for row in np.setdiff1d(np.arange(len(all_references)), reference_rows)),
        ],
    )


def neighbour_weights(
    distances: npt.NDArray[np.float64], gap: float | None = 0.05, weighting: Weighting = "farther"
) -> npt.NDArray[np.float64]:
    """Weigh neighbours by their distances (Algorithm 2, lines 5-6).

    Args:
        distances: (rows, k) ascending in each row; NaN where there is none.
        gap: See :func:`pseudo_labels`.
        weighting: See :func:`pseudo_labels`.

    Returns:
        (rows, k) float64; 0 for those left out, each row summing to 1.
    """
    sign = {"farther": 1.0, "nearer": -1.0, "uniform": 0.0}.get(weighting)
    if sign is None:
        raise InputError(f'weighting must be "farther", "nearer" or "uniform", not {weighting!r}')
    if gap is not None and not gap > 0:
        raise InputError(f"gap must be positive, or None to keep every neighbour, not {gap}")
    kept = np.isfinite(distances)
    if gap is not None:
        kept &= distances - distances[:, :1] < gap
    weights = np.where(kept, np.exp(sign * np.where(kept, distances, 0.0)), 0.0)
    return weights / weights.sum(axis=1, keepdims=True)


def _label_table(
    originals: Samples,
    references: list[str],
    types: Sequence[int],
    levels: Sequence[int],
    used: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """(references, types, levels) quality; raises InputError where a used reference lacks one, or has several."""
    row_of = {name: row for row, name in enumerate(references)}
    type_at = {int(t): at for at, t in enumerate(types)}
    level_at = {int(level): at for at, level in enumerate(levels)}
    if not type_at or not level_at:
        raise InputError("types and levels must each name at least one")
    if len(type_at) < len(types) or len(level_at) < len(levels):
        raise InputError(f"types {list(types)} or levels {list(levels)} name one twice")
    table = np.full((len(references), len(type_at), len(level_at)), np.nan)
    columns = (originals[name] for name in ("reference", "type", "level", "quality"))
    for reference, kind, level, quality in zip(*columns, strict=True):
        if reference in row_of and kind in type_at and level in level_at:
            cell = row_of[reference], type_at[kind], level_at[level]
            if table[cell] != quality and not np.isnan(table[cell]):
                raise InputError(
                    f"reference {reference} has two qualities, {table[cell]:g} and {quality:g}, for type {kind} level "
                    f"{level}: leave one sample of each distortion in the table"
                )
            table[cell] = quality
    missing = used[np.isnan(table[used]).any(axis=(1, 2))]
    if len(missing):
        cells = np.argwhere(np.isnan(table[missing[0]]))
        kind, level = types[cells[0][0]], levels[cells[0][1]]
        raise InputError(
            f"{len(missing)} references have no quality for some distortion asked for; first {references[missing[0]]}, "
            f"type {kind} level {level}: label them, leave them out of the references, or ask for other types"
        )
    return table
