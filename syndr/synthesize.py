"""Synthesis and pseudo-labels (paper section 3.4, Algorithm 2), and the virtual data set they make.

A virtual row (reference, type, level, seed) *is* a picture: it is distorted when it is needed, and need not touch
the disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from syndr.errors import ImageError, InputError
from syndr.progress import Progress, silent, track
from syndr.rng import sample_seeds
from syndr.samples import Samples
from syndr.search import OnBadRows, Search, as_matrix, check_groups, check_ids, check_same_dims, get_search, split_rows

if TYPE_CHECKING:
    import torch

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
    """

    new_ids: list[str]
    reference_ids: list[str]
    types: tuple[int, ...]
    levels: tuple[int, ...]
    quality: npt.NDArray[np.float64]
    neighbours: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    distances: npt.NDArray[np.float64]

    def samples(self, new_references: Samples, dataset_seed: int = 0) -> Samples:
        """Give the virtual rows: one for each new image, type and level.

        Args:
            new_references: Table with the new images' ids and paths.
            dataset_seed: Seed of the virtual data set.

        Returns:
            Columns of :func:`virtual_rows` with ``quality``, ``origin`` ("pseudo"), and ``neighbours`` and ``weights``
            (semicolon-separated texts, so that every table format can hold them).
        """
        rows = virtual_rows(new_references.by_id(self.new_ids), self.types, self.levels, dataset_seed)
        cells = len(self.types) * len(self.levels)
        used = [row >= 0 for row in self.neighbours]
        names = [
            ";".join(self.reference_ids[n] for n in row[keep]) for row, keep in zip(self.neighbours, used, strict=True)
        ]
        weights = [";".join(f"{w:.6f}" for w in row[keep]) for row, keep in zip(self.weights, used, strict=True)]
        return (
            rows.with_column("quality", self.quality.reshape(-1))
            .with_column("origin", ["pseudo"] * len(rows))
            .with_column("neighbours", np.repeat(names, cells))
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


def virtual_rows(references: Samples, types: Sequence[int], levels: Sequence[int], dataset_seed: int = 0) -> Samples:
    """Lay out the virtual data set: every reference with every type and level.

    Args:
        references: Table with ``id`` and ``path``.
        types: KADID distortion types.
        levels: KADID levels.
        dataset_seed: From it and the reference's id comes each sample's seed.

    Returns:
        Columns ``id`` (reference without its image suffix, then ``_tt_ll`` as KADID names its files), ``path`` (of the
        reference), ``reference``, ``type``, ``level``, ``seed``; reference by reference, then types, then levels.
    """
    cells = [(int(t), int(level)) for t in types for level in levels]
    stems = _stems(references.ids)
    count = len(cells)
    return Samples.from_columns(
        id=[f"{stem}_{t:02d}_{level:02d}" for stem in stems for t, level in cells],
        path=np.repeat(references["path"], count),
        reference=np.repeat(np.array(references.ids, dtype=object), count),
        type=[t for t, _ in cells] * len(references),
        level=[level for _, level in cells] * len(references),
        seed=np.repeat(sample_seeds(dataset_seed, references.ids), count),
    )


_IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}


def _stems(ids: Sequence[str]) -> list[str]:
    """Ids without their image suffix, except where two would then be the same."""
    stems = [
        str(path.with_suffix("")) if path.suffix.lower() in _IMAGE_SUFFIXES else name
        for name, path in ((name, PurePosixPath(name)) for name in ids)
    ]
    count = Counter(stems)
    return [stem if count[stem] == 1 else name for stem, name in zip(stems, ids, strict=True)]


class VirtualDataset:
    """Pictures of a sample table: read from their files, or distorted from their references on the fly.

    Args:
        samples: Table with ``path``; a row with a ``seed`` is virtual and also has ``type`` and ``level``.
        device: Where distortions are made.
        cached_references: How many decoded reference images are kept.
    """

    def __init__(self, samples: Samples, device: str = "cpu", cached_references: int = 256) -> None:
        self.samples = samples
        self.device = device
        self._paths = samples["path"]
        size = len(samples)
        # Nulls come as NaN from Arrow, in which 64-bit seeds would lose digits: read the seeds with their nulls.
        self._seeds = samples.table["seed"].to_pylist() if "seed" in samples else [None] * size
        self._types: list[Any] = samples.table["type"].to_pylist() if "type" in samples else [None] * size
        self._levels: list[Any] = samples.table["level"].to_pylist() if "level" in samples else [None] * size
        self._decode = lru_cache(maxsize=cached_references)(_decode)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, row: int) -> torch.Tensor:
        return self.image(row)

    def image(self, row: int) -> torch.Tensor:
        """Give the picture of a row: (3, H, W) uint8 RGB.

        Raises:
            ImageError: When the file cannot be read.
            InputError: When the picture cannot be distorted (a constant one has no range to stretch).
        """
        picture = self._decode(self._paths[row])
        seed = self._seeds[row]
        if seed is None:
            return picture.clone()  # the decoded one is kept for the next who asks
        from syndr.distort import distort

        made = distort(
            picture[None].to(self.device),
            self._types[row],
            self._levels[row],
            [seed],
            ids=[self.samples.ids[row]],
        )
        return made[0]

    def materialize(
        self, folder: str | Path, format: Literal["png", "bmp"] = "png", progress: Progress = silent
    ) -> tuple[Samples, list[tuple[str, str, str]]]:
        """Write every picture to ``folder/<id>.<format>``; pictures already there are not made again.

        Returns:
            The table of pictures written, with ``path`` and ``file_name`` (relative to the folder) and without seeds,
            and the rows set aside: (id, path of the reference, reason).
        """
        folder = Path(folder)
        written: list[int] = []
        rejected: list[tuple[str, str, str]] = []
        for row in track(range(len(self)), "materialize", len(self), progress):
            try:
                self._write(row, folder / _inside(f"{self.samples.ids[row]}.{format}"))
                written.append(row)
            except (ImageError, InputError) as error:
                rejected.append((self.samples.ids[row], self._paths[row], str(error)))
        kept = self.samples.take(written)
        names = [f"{sample_id}.{format}" for sample_id in kept.ids]
        table = kept.with_column("path", [str(folder / name) for name in names]).with_column("file_name", names)
        return (Samples(table.table.drop_columns(["seed"])) if "seed" in table else table), rejected

    def _write(self, row: int, path: Path) -> None:
        from syndr.images import write_image

        if not path.exists():  # written atomically: one that is there is whole
            write_image(path, self.image(row).cpu())

    def __iter__(self) -> Iterator[torch.Tensor]:
        return (self.image(row) for row in range(len(self)))


def _inside(name: str) -> str:
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise InputError(f"id {name.rpartition('.')[0]!r} leads out of the folder; give the row another id")
    return name


def _decode(path: str) -> torch.Tensor:
    from syndr.images import decode

    return decode(path)
