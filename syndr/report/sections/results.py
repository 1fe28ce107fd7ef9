"""Section "Results": agreement of predictions and quality on each target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from syndr.evaluation.bootstrap import bootstrap_interval
from syndr.evaluation.metrics import MIN_IMAGES
from syndr.report.blocks import Bars, Block, Cell, Plot, Section, Table, Text
from syndr.report.recorded_run import RecordedRun
from syndr.report.sections.wording import absent
from syndr.samples import Samples

TITLE = "Results"
_METRICS = {"srcc": "SRCC", "krcc": "KRCC", "plcc": "PLCC", "plcc_logistic": "PLCC, logistic", "rmse": "RMSE"}
_POINTS = 1000
_RESAMPLES, _MOST_RESAMPLED = 500, 20_000


def results_section(run: RecordedRun) -> Section:
    """Build the section."""
    results = run.results()
    if results is None:
        return Section(TITLE, [absent("evaluate")])
    if not results:
        return Section(TITLE, [Text("The recipe names no target to evaluate on.")])
    predictions = {target: run.samples(f"predictions/{target}.parquet", "quality", "prediction") for target in results}
    rows = [row for target, metrics in results.items() for row in _rows(target, metrics)]
    blocks: list[Block] = [
        Table(
            columns=("Target", "Images", *_METRICS.values(), "Protocol"),
            rows=rows,
            highlighted=frozenset(at for at, row in enumerate(rows) if row[0] not in results),
            caption="Agreement with human opinion",
            note="SRCC, KRCC, PLCC: higher is better. RMSE in units of quality, 0–10: lower is better. PLCC is of raw "
            "predictions; the logistic one after a 4-parameter curve fitted to the target itself.",
        )
    ]
    blocks += [Text(f"{target}: {note}.") for target, metrics in results.items() for note in metrics.get("notes", ())]
    if len(rows) > len(results):
        blocks.append(
            Text(
                "In the marked rows the epoch was chosen by results on the target itself, as the released code does. "
                "That is selection on the test set: those numbers are too good.",
                warning=True,
            )
        )
    known = {target: row["srcc"] for target, row in results.items() if _is_number(row.get("srcc"))}
    if known:
        blocks.append(
            Bars(
                labels=list(known),
                values=list(known.values()),
                caption="SRCC by target, with the 95% interval over images",
                errors=[_interval(predictions[target]) for target in known],
                decimals=3,
                x_label="SRCC; 1 is perfect agreement in rank",
                x_range=(0.0, 1.0),
            )
        )
        blocks.append(
            Text(
                f"The interval is a percentile bootstrap over the target's images ({_RESAMPLES} resamples), drawn "
                f"where predictions of at most {_MOST_RESAMPLED:,} images are in the folder. It says nothing of how "
                "results vary from one training to the next."
            )
        )
    blocks += [_scatter(target, table) for target, table in predictions.items() if table is not None]
    missing = [target for target, table in predictions.items() if table is None]
    if missing:
        blocks.append(Text(f"Predictions are not in the folder for: {', '.join(missing)}."))
    return Section(TITLE, blocks)


def _rows(target: str, metrics: Mapping[str, Any]) -> Iterator[tuple[Cell, ...]]:
    """Give the row of a target, and that of the epoch that was best on it where the run looked for one."""
    yield _row(target, metrics)
    oracle = metrics.get("oracle")
    if oracle is not None:
        yield _row(f"{target}, best of all epochs", oracle)


def _row(name: str, metrics: Mapping[str, Any]) -> tuple[Cell, ...]:
    return name, metrics.get("n"), *(metrics.get(metric) for metric in _METRICS), metrics.get("protocol")


def _interval(predictions: Samples | None) -> tuple[float, float] | None:
    if predictions is None:
        return None
    x, y = predictions["prediction"], predictions["quality"]
    finite = np.isfinite(x) & np.isfinite(y)
    if not MIN_IMAGES <= finite.sum() <= _MOST_RESAMPLED:
        return None
    ends = bootstrap_interval(x[finite], y[finite], resamples=_RESAMPLES)
    return (ends.low, ends.high) if np.isfinite([ends.low, ends.high]).all() else None


def _scatter(target: str, predictions: Samples) -> Plot:
    total = len(predictions)
    # Evenly spaced rows: the same points in every report of the same predictions.
    rows = np.unique(np.linspace(0, total - 1, min(total, _POINTS)).round().astype(np.int64))
    shown = predictions.take(rows)
    images = f"{total:,}" if len(shown) == total else f"{len(shown):,} of {total:,}"
    return Plot(
        shown["quality"],
        shown["prediction"],
        caption=f"{target}: predicted against human quality, {images} images",
        x_label="human quality, 0–10",
        y_label="predicted quality",
        diagonal=True,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and bool(np.isfinite(value))
