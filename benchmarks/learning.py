"""Does reshaping help on photographs never seen? ``python -m benchmarks.learning --photos FOLDER``.

A KADID-like set: each photograph, scaled and cropped to 512 x 384, with all 25 distortions at 5 levels, labelled by the
ranks of MDSI. Photographs are split five times: two fifths are references with labels, two fifths candidates, one fifth
is held out. A head is trained on frozen features pooled from the first stages of EfficientNet-Lite0. Which stages, and
the penalty on the head's weights, two-fold cross-validation chose among the labelled photographs of the splits.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from torch import Tensor

from benchmarks.machine import commit, machine
from syndr import DDCUp, DRCDown
from syndr.demo.kadid_like import KadidLike, make_kadid_like
from syndr.demo.photos import Photo, shipped_pictures
from syndr.distort import TYPES
from syndr.evaluation import measure
from syndr.features import build_backbone
from syndr.files import write_json
from syndr.images import decode, list_images
from syndr.rng import hash_ids
from syndr.synthesize import pseudo_labels
from syndr.training import fit_head

SPLITS, SEEDS = 5, 5
WEIGHT_DECAY = 0.3
PSEUDO_LEVELS = (1, 3, 5)
Rows = npt.NDArray[np.int64]
Quality = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning", description=__doc__)
    parser.add_argument("--photos", type=Path, help="folder of photographs, beside those of the demo")
    parser.add_argument("--out", type=Path, default=Path("runs/learning"), help="results, and what is kept to go on")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    source, started, seconds = commit(), time.perf_counter(), defaultdict(float)

    @contextmanager
    def clock(stage: str) -> Iterator[None]:
        before = time.perf_counter()
        yield
        seconds[stage] += time.perf_counter() - before

    photos = [Photo.whole(name, picture) for name, picture in sorted(pictures_of(options.photos).items())]
    backbone = build_backbone("efficientnet_lite0_stages")
    data = make_kadid_like(photos, backbone, tuple(TYPES), 0, options.out / "made", _say, clock)
    results = [trial for split in range(SPLITS) for trial in split_trials(data, split, clock)]
    table = {name: summary([trial for trial in results if trial["variant"] == name]) for name in VARIANTS}
    plain = np.array(table["originals only"]["by_split"])
    for row in table.values():
        gains = np.array(row["by_split"]) - plain
        row["gain"], row["gain_interval"] = float(gains.mean()), interval(gains)
    whole = time.perf_counter() - started
    write_json(
        options.out / "learning.json",
        {
            "photographs": len(photos), "pictures": len(data.samples), "splits": SPLITS, "seeds": SEEDS,
            "backbone": backbone.name, "seconds": {**seconds, "whole": whole}, "table": table, "trials": results,
            "machine": machine(), "commit": source,
        },
    )  # fmt: skip
    print(f"{len(photos)} photographs, {len(data.samples):,} pictures; {whole:.0f} s: {json.dumps(dict(seconds))}")
    print("| trained on | rows | SRCC, median of splits | 95% of the mean over splits | against the originals |")
    print("| --- | --- | --- | --- | --- |")
    for name, row in table.items():
        low, high = row["interval"]
        gained = row["gain_interval"]
        print(f"| {name} | {row['rows']:,.0f} | {row['median']:.3f} | {low:.3f} to {high:.3f} | "
              f"{row['gain']:+.3f} ({gained[0]:+.3f} to {gained[1]:+.3f}) |")  # fmt: skip


def pictures_of(folder: Path | None) -> dict[str, Tensor]:
    """Give the demo's photographs and those of a folder, by name."""
    return shipped_pictures() | {name: decode(path) for name, path in (list_images(folder) if folder else [])}


def parted(names: Iterable[str], split: int) -> tuple[list[str], list[str], list[str]]:
    """Split photographs: one fifth is held out, two fifths are references, and the rest candidates."""
    ordered = sorted(set(names))
    order = [ordered[at] for at in np.argsort(hash_ids(ordered, split))]
    fifth = len(order) // 5
    return order[:fifth], order[fifth : 3 * fifth], order[3 * fifth :]


def split_trials(data: KadidLike, split: int, clock: Callable[[str], Any]) -> list[dict[str, Any]]:
    """Train every variant on one split of the photographs, with each seed."""
    held_out, references, pool = parted(data.references.ids, split)
    reference = np.asarray(data.samples["reference"])
    test = np.flatnonzero(np.isin(reference, held_out))
    originals = np.flatnonzero(np.isin(reference, references))
    trials = []
    for seed in range(SEEDS):
        for name, variant in VARIANTS.items():
            rows, quality, thinner = variant(data, originals, references, pool, seed)
            with clock("train"):
                head = fit_head(
                    data.features[rows], quality, ids=[data.samples.ids[row] for row in rows], seed=seed,
                    weight_decay=WEIGHT_DECAY, thinning=thinner, eligible=np.isin(rows, originals),
                )  # fmt: skip
            found = measure(head.predict(data.features[test]), data.samples["quality"][test])
            dropped = 0 if thinner is None else len(originals) - first_epoch(data, originals, thinner)
            trials.append({"split": split, "seed": seed, "variant": name, "rows": len(rows) - dropped,
                           "srcc": found.srcc, "plcc": found.plcc})  # fmt: skip
            _say(f"split {split}, seed {seed}: {name}: SRCC {found.srcc:.3f}", 0, 0)
    return trials


def first_epoch(data: KadidLike, originals: Rows, thinner: Any) -> int:
    """Count the originals a thinner keeps in the first epoch."""
    means = data.features[originals].mean(axis=1)
    thinner.fit(means, data.samples["quality"][originals], [data.samples.ids[row] for row in originals])
    return len(thinner.sample_indices_)


class RandomThinning:
    """Drops as many rows as DRCDown would, whichever they are."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.sample_indices_ = np.empty(0, dtype=np.int64)

    def fit(self, X: Any, y: Any = None, ids: Any = None, epoch: int = 0) -> RandomThinning:
        """Draw the rows to keep."""
        kept = len(DRCDown(random_state=self.seed).fit(X, y, ids=ids, epoch=epoch).sample_indices_)
        drawn = np.random.default_rng([self.seed, epoch]).permutation(len(X))[:kept]
        self.sample_indices_ = np.sort(drawn)
        return self


def with_pseudo(data: KadidLike, originals: Rows, references: list[str], pool: list[str], seed: int) -> Any:
    """Add DDCUp's choice of the pool to the originals, with pseudo-labels."""
    row_of = {name: row for row, name in enumerate(data.references.ids)}
    known = data.reference_features[[row_of[name] for name in references]]
    offered = data.reference_features[[row_of[name] for name in pool]]
    chosen = [pool[at] for at in DDCUp().select(known, offered, candidate_ids=pool).indices]
    quality = data.samples["quality"][originals]
    if not chosen:
        return originals, quality
    labels = pseudo_labels(
        data.samples.take(originals), references, known, chosen,
        data.reference_features[[row_of[name] for name in chosen]], tuple(TYPES), PSEUDO_LEVELS,
    )  # fmt: skip
    table = labels.samples(data.references, 0)
    rows = np.array([data.samples.row_of[name] for name in table.ids], dtype=np.int64)
    return np.concatenate([originals, rows]), np.concatenate([quality, table["quality"]])


def _variant(up: bool, thinner: Callable[[int], Any] | None) -> Callable[..., tuple[Rows, Quality, Any]]:
    def make(data: KadidLike, originals: Rows, references: list[str], pool: list[str], seed: int) -> Any:
        rows, quality = originals, data.samples["quality"][originals]
        if up:
            rows, quality = with_pseudo(data, originals, references, pool, seed)
        return rows, quality, None if thinner is None else thinner(seed)

    return make


def _drcdown(seed: int) -> DRCDown:
    return DRCDown(random_state=seed)


VARIANTS = {
    "originals only": _variant(False, None),
    "+ DDCUp": _variant(True, None),
    "+ DRCDown": _variant(False, _drcdown),
    "+ random thinning to the same size": _variant(False, RandomThinning),
    "+ DDCUp + DRCDown": _variant(True, _drcdown),
}


def summary(trials: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over seeds first, since the seeds of a split share its photographs; then over splits, with Student's t."""
    by_split = np.array([np.mean([trial["srcc"] for trial in trials if trial["split"] == at]) for at in range(SPLITS)])
    return {
        "rows": float(np.mean([trial["rows"] for trial in trials])),
        "median": float(np.median(by_split)),
        "mean": float(by_split.mean()),
        "interval": interval(by_split),
        "by_split": by_split.tolist(),
        "plcc": float(np.mean([trial["plcc"] for trial in trials])),
    }


def interval(values: Quality) -> tuple[float, float]:
    """Give the 95% confidence interval of a mean, by Student's t."""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return float(values.mean() - half), float(values.mean() + half)


def _say(stage: str, done: int, total: int) -> None:
    print(f"\r{stage} {done}/{total}" if total else f"\r{stage}", end="\n" if done == total else "", file=sys.stderr)


if __name__ == "__main__":
    main()
