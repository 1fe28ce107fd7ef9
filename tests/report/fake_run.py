"""A run folder as ``syndr run`` leaves it, made of random numbers; and text that would like to be markup."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from syndr.evaluation.metrics import measure
from syndr.recipe import make_recipe
from syndr.samples import Samples
from syndr.select import SELECTED, SIMILAR, TOO_CLOSE, TOO_FAR
from syndr.theory import generalization_bound

LOWER, UPPER = 0.272, 0.735
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'&amp;{{ 7*7 }}</style></title>"


def picture(kind):
    file = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(file, kind)
    return file.getvalue()


def write_run(folder: Path, candidates: int = 260, references: int = 40, prefix: str = "I", **recipe) -> Path:
    """Write a complete run; ``prefix`` starts every id, so that tests can put markup there."""
    draw = np.random.default_rng(7)
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "output": "runs/first",
        "training_set": {"samples": "kadid.parquet", "references": "refs"},
        "pool": {"images": "pool"},
        "targets": [{"name": "LIVEC", "samples": "livec.parquet"}, {"name": "BID", "samples": "bid.parquet"}],
        **recipe,
    }
    write_json(folder / "recipe.json", make_recipe(settings).as_dict())
    counts = _selection(folder, draw, candidates, prefix)
    samples = _samples(folder, draw, references, counts["selected"], prefix)
    before, after, dropped = _clusters(folder, draw, samples)
    _training(folder, draw, len(samples), dropped)
    results = _results(folder, draw, prefix)
    pseudo = int((samples["origin"] == "pseudo").sum())
    stages = {
        "features": {"images": candidates + references, "dims": 2048, "backbone": "resnet50", "rejected": 0},
        "select": {"lower": LOWER, "upper": UPPER, "counts": counts},
        "synthesize": {"originals": len(samples) - pseudo, "pseudo": pseudo},
        "train": {
            "rows": len(samples),
            "kept": len(samples) - dropped,
            "dropped": dropped,
            "epochs": 24,
            "bound_before": asdict(before),
            "bound_after": asdict(after),
        },
        "evaluate": {name: {"srcc": row["srcc"], "plcc": row["plcc"]} for name, row in results.items()},
    }
    seconds = {"features": 96.4, "select": 0.31, "synthesize": 1.2, "train": 5123.8, "evaluate": 240.0}
    for name, summary in stages.items():
        record = {"stage": name, "seconds": seconds[name], "summary": summary}
        write_json(folder / "stages" / f"{name}.json", record)
    return folder


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def _selection(folder, draw, candidates, prefix):
    nearest = np.clip(draw.normal(0.30, 0.08, candidates), 0.04, None)
    farthest = np.clip(nearest + draw.normal(0.36, 0.05, candidates), nearest, None)
    reason = np.where(nearest <= LOWER, TOO_CLOSE, SELECTED).astype(object)
    reason[(nearest > LOWER) & (farthest >= UPPER)] = TOO_FAR
    reason[(reason == SELECTED) & (draw.random(candidates) < 0.6)] = SIMILAR
    away = reason != "selected"
    Samples.from_columns(
        id=[f"{prefix}pool-{row:05d}.jpg" for row in range(candidates)],
        path=[f"pool/{row:05d}.jpg" for row in range(candidates)],
        reason=reason,
        distance=[float(d) if gone else None for d, gone in zip(nearest, away, strict=True)],
        other=[f"{prefix}{1 + row % 40:02d}" if gone else None for row, gone in enumerate(away)],
        nearest=nearest,
        farthest=farthest,
    ).write(folder / "selection.parquet")
    names, number = np.unique(reason, return_counts=True)
    return {"selected": 0, "over max_selected": 0} | dict(zip(names.tolist(), number.tolist(), strict=True))


def _samples(folder, draw, references, selected, prefix):
    rows = [
        (f"{prefix}{r:02d}_{t:02d}_{level:02d}", f"{prefix}{r:02d}", t, level, "original")
        for r in range(1, references + 1)
        for t in (1, 3, 9, 21, 23, 25)
        for level in range(1, 6)
    ] + [
        (f"{prefix}new{r:02d}_{t:02d}_{level:02d}", f"{prefix}new{r:02d}", t, level, "pseudo")
        for r in range(selected)
        for t in (1, 3, 9, 21, 23, 25)
        for level in (1, 3, 5)
    ]
    columns = dict(zip(("id", "reference", "type", "level", "origin"), zip(*rows, strict=True), strict=True))
    noise = draw.normal(0, 0.9, len(rows))
    quality = np.clip(9.3 - 1.6 * np.array(columns["level"]) + noise, 0, 10)
    samples = Samples.from_columns(**columns, quality=quality)
    samples.write(folder / "samples.parquet")
    return samples


def _clusters(folder, draw, samples):
    originals = np.flatnonzero(samples["origin"] == "original")
    sizes = []
    while sum(sizes) < len(originals):
        sizes.append(min(int(draw.pareto(1.1) * 1.2) + 1, 180, len(originals) - sum(sizes)))
    sizes = np.array(sizes)
    kept_sizes = np.where(sizes > 20, np.maximum(sizes // 2, 20), sizes)
    cluster = np.full(len(samples), -1)
    cluster[originals] = np.repeat(np.arange(len(sizes)), sizes)
    kept = np.ones(len(samples), dtype=bool)
    starts = np.cumsum(sizes) - sizes
    kept[originals] = np.arange(len(originals)) - np.repeat(starts, sizes) < np.repeat(kept_sizes, sizes)
    # In another order than samples.parquet: only ids may join the two.
    order = draw.permutation(len(samples))
    Samples.from_columns(
        id=np.array(samples.ids)[order].tolist(), cluster=cluster[order].tolist(), kept=kept[order].tolist()
    ).write(folder / "clusters.parquet")
    wide = np.where(sizes > 1, 0.02 + 0.0025 * sizes * draw.random(len(sizes)), 0.0)
    span = np.where(sizes > 1, np.minimum(0.3 + 0.03 * sizes * draw.random(len(sizes)), 6.0), 0.0)
    columns = {
        "cluster": np.arange(len(sizes)),
        "size": sizes,
        "kept": kept_sizes,
        "largest_distance": wide,
        "label_span": span,
    }
    pq.write_table(pa.table(columns), folder / "cluster_sizes.parquet")
    return (
        generalization_bound(sizes=sizes),
        generalization_bound(sizes=kept_sizes),
        int((sizes - kept_sizes).sum()),
    )


def _training(folder, draw, rows, dropped):
    lines = ["epoch,loss,rows,dropped,seconds,thinning_seconds"]
    for epoch in range(24):
        loss = 0.42 + 1.9 * np.exp(-epoch / 4) + draw.normal(0, 0.01)
        lines.append(
            f"{epoch},{loss:.5f},{rows - dropped},{dropped},{213 + draw.random():.2f},{31 + draw.random():.2f}"
        )
    (folder / "training.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _results(folder, draw, prefix):
    results = {}
    (folder / "predictions").mkdir(exist_ok=True)
    for target, number, noise in (("LIVEC", 1162, 1.6), ("BID", 586, 1.3)):
        quality = np.clip(draw.normal(5.5, 2.0, number), 0, 10)
        prediction = 2.5 + 0.5 * quality + draw.normal(0, noise * 0.6, number)
        Samples.from_columns(
            id=[f"{prefix}{target}{row}" for row in range(number)], quality=quality, prediction=prediction
        ).write(folder / "predictions" / f"{target}.parquet")
        protocol = "5 random 224 crops, seeded; last epoch" + "; realigned DMOS" * (target == "LIVEC")
        results[target] = asdict(measure(prediction, quality)) | {"protocol": protocol}
    write_json(folder / "results.json", results)
    return results
