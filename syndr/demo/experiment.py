"""Leave one photograph out: does reshaping the other photographs' data help on the one never seen?"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr.demo.kadid_like import LEVELS, TYPES, KadidLike, make_kadid_like
from syndr.demo.photos import Photo
from syndr.downsample import DRCDown, Thinning
from syndr.errors import InputError
from syndr.evaluation import measure
from syndr.features import Backbone
from syndr.progress import Progress, silent, track
from syndr.rng import hash_ids
from syndr.samples import Samples
from syndr.select import DDCUp, Selection
from syndr.synthesize import PseudoLabels, pseudo_labels
from syndr.theory import Bound, generalization_bound
from syndr.training import fit_head

#: Name in the table -> (with DDCUp's pseudo-labelled rows, with DRCDown).
VARIANTS = {
    "originals only": (False, False),
    "+ DDCUp": (True, False),
    "+ DRCDown": (False, True),
    "+ DDCUp + DRCDown": (True, True),
}
PSEUDO_LEVELS = (1, 3, 5)
MOST_NEIGHBOURS = 5
FEWEST_PHOTOS = 4


@dataclass(frozen=True)
class Fold:
    """One photograph held out.

    Attributes:
        held_out: Its name.
        references: Photographs whose distorted windows are the labelled originals.
        pool: Photographs whose windows are DDCUp's candidates.
        candidates: Ids of these windows.
        selection: DDCUp's choice.
        labels: Pseudo-labels of the selected windows; None when none was selected.
        thinning: DRCDown's first draw over the originals.
        before: Theorem 1 for the originals' clusters.
        after: The same after that draw.
        rows: Rows each variant trains on in its first epoch.
        srcc: Each variant's SRCC on the held-out photograph.
        plcc: Likewise PLCC, raw.
    """

    held_out: str
    references: tuple[str, ...]
    pool: tuple[str, ...]
    candidates: tuple[str, ...]
    selection: Selection
    labels: PseudoLabels | None
    thinning: Thinning
    before: Bound
    after: Bound
    rows: dict[str, int]
    srcc: dict[str, float]
    plcc: dict[str, float]


@dataclass(frozen=True)
class DemoResult:
    """Everything the demo found out.

    Attributes:
        data: The KADID-like set.
        folds: One per photograph.
        neighbours: k of the pseudo-labels.
        seconds: Time by stage.
        seed: The seed.
        backbone: The network's name.
    """

    data: KadidLike
    folds: tuple[Fold, ...]
    neighbours: int
    seconds: dict[str, float]
    seed: int
    backbone: str = field(default="efficientnet_lite0")

    def table(self) -> list[dict[str, Any]]:
        """Give one row for each variant: mean and population standard deviation over the folds."""
        rows = []
        for name in VARIANTS:
            srcc = np.array([fold.srcc[name] for fold in self.folds])
            plcc = np.array([fold.plcc[name] for fold in self.folds])
            rows.append(
                {
                    "variant": name,
                    "rows": float(np.mean([fold.rows[name] for fold in self.folds])),
                    "srcc": float(np.mean(srcc)),
                    "srcc_sd": float(np.std(srcc)),
                    "plcc": float(np.mean(plcc)),
                    "plcc_sd": float(np.std(plcc)),
                }
            )
        return rows

    def as_dict(self) -> dict[str, Any]:
        """Give the result as plain types, for JSON."""
        return {
            "seed": self.seed,
            "backbone": self.backbone,
            "photographs": len(self.folds),
            "windows": len(self.data.references),
            "pictures": len(self.data.samples),
            "types": sorted({int(kind) for kind in self.data.samples["type"]}),
            "levels": list(LEVELS),
            "neighbours": self.neighbours,
            "seconds": self.seconds,
            "table": self.table(),
            "folds": [
                {
                    "held_out": fold.held_out,
                    "references": list(fold.references),
                    "pool": list(fold.pool),
                    "lower": fold.selection.lower,
                    "upper": fold.selection.upper,
                    "selected": [fold.candidates[row] for row in fold.selection.indices],
                    "fates": fold.selection.counts,
                    "clusters": len(fold.thinning.sizes),
                    "before": asdict(fold.before),
                    "after": asdict(fold.after),
                    "rows": fold.rows,
                    "srcc": fold.srcc,
                    "plcc": fold.plcc,
                }
                for fold in self.folds
            ],
        }


def run_demo(
    photos: Sequence[Photo],
    backbone: Backbone,
    cache: str | Path,
    seed: int = 0,
    types: Sequence[int] = TYPES,
    progress: Progress = silent,
) -> DemoResult:
    """Make the set, then hold out each photograph in turn.

    The other photographs are dealt to references and pool, half each (references get the odd one). Neighbours, in
    thresholds and pseudo-labels, are never windows of one photograph; k falls to the number of reference photographs.

    Args:
        photos: At least four photographs of different scenes.
        backbone: Frozen network.
        cache: Folder for finished windows.
        seed: Seed of distortions, deals, draws and heads.
        types: KADID types to synthesize.
        progress: Told about the work.

    Raises:
        InputError: For fewer than four photographs, or two of one name.
    """
    names = [photo.name for photo in photos]
    if len(names) < FEWEST_PHOTOS or len(set(names)) != len(names):
        raise InputError(f"the demo needs at least {FEWEST_PHOTOS} photographs with different names, not {len(names)}")
    seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def clock(stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        seconds[stage] += time.perf_counter() - started

    data = make_kadid_like(photos, backbone.eval(), types, seed, Path(cache), progress, clock)
    neighbours = min(MOST_NEIGHBOURS, len(names) // 2)
    folds = tuple(
        _fold(data, name, names, neighbours, seed, clock)
        for name in track(names, "hold out, reshape, train", len(names), progress)
    )
    return DemoResult(data, folds, neighbours, dict(seconds), seed, backbone.name)


def _fold(data: KadidLike, held_out: str, names: list[str], neighbours: int, seed: int, clock: Any) -> Fold:
    others = sorted(name for name in names if name != held_out)
    dealt = [others[at] for at in np.argsort(hash_ids(others, seed, names.index(held_out)))]
    reference_photos, pool_photos = dealt[: len(names) // 2], dealt[len(names) // 2 :]
    photo = data.references["photo"]
    references, pool = np.flatnonzero(np.isin(photo, reference_photos)), np.flatnonzero(np.isin(photo, pool_photos))
    number = np.unique(photo.astype(str), return_inverse=True)[1]
    candidates = [data.references.ids[row] for row in pool]

    picture_photo = data.photo_of(data.samples["reference"])
    original_rows = np.flatnonzero(np.isin(picture_photo, reference_photos))
    originals = data.samples.take(original_rows)
    with clock("DDCUp"):
        selection = DDCUp().select(
            data.reference_features[references],
            data.reference_features[pool],
            candidate_ids=candidates,
            reference_groups=number[references],
        )
    chosen = pool[selection.indices]
    labels = None
    if len(chosen):
        with clock("pseudo-labels"):
            labels = pseudo_labels(
                originals,
                [data.references.ids[row] for row in references],
                data.reference_features[references],
                [data.references.ids[row] for row in chosen],
                data.reference_features[chosen],
                sorted({int(kind) for kind in originals["type"]}),
                PSEUDO_LEVELS,
                k=neighbours,
                reference_groups=number[references],
                new_groups=number[chosen],
            )

    train_rows, train_quality = _training_rows(data, original_rows, labels, seed)
    means = data.features.mean(axis=1)
    with clock("DRCDown"):
        thinning = DRCDown(random_state=seed).fit(means[original_rows], originals["quality"], originals.ids).result_
    test = np.flatnonzero(picture_photo == held_out)
    rows, srcc, plcc = {}, {}, {}
    for name, (upsampled, downsampled) in VARIANTS.items():
        take = slice(None) if upsampled else slice(len(original_rows))
        used, quality = train_rows[take], train_quality[take]
        with clock("train and evaluate heads"):
            head = fit_head(
                data.features[used],
                quality,
                ids=[data.samples.ids[row] for row in used],
                seed=seed,
                thinning=DRCDown(random_state=seed) if downsampled else None,
                eligible=np.arange(len(used)) < len(original_rows),
            )
            metrics = measure(head.predict(data.features[test]), data.samples["quality"][test])
        rows[name] = len(used) - (len(thinning.dropped) if downsampled else 0)
        srcc[name], plcc[name] = metrics.srcc, metrics.plcc
    return Fold(
        held_out=held_out,
        references=tuple(reference_photos),
        pool=tuple(pool_photos),
        candidates=tuple(candidates),
        selection=selection,
        labels=labels,
        thinning=thinning,
        before=generalization_bound(sizes=thinning.sizes),
        after=generalization_bound(sizes=thinning.sizes_kept),
        rows=rows,
        srcc=srcc,
        plcc=plcc,
    )


def _training_rows(
    data: KadidLike, original_rows: npt.NDArray[np.int64], labels: PseudoLabels | None, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Give the originals' rows followed by the pseudo-labelled ones, and their labels.

    A selected window's pictures are in the set already, so their features need not be made again; only their labels
    are the pseudo ones.
    """
    quality = data.samples["quality"][original_rows]
    if labels is None:
        return original_rows, quality
    pseudo: Samples = labels.samples(data.references, seed)
    rows = np.array([data.samples.row_of[name] for name in pseudo.ids], dtype=np.int64)
    return np.concatenate([original_rows, rows]), np.concatenate([quality, pseudo["quality"]])
