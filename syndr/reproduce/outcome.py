"""What was measured of a table: every run, and the numbers that stand in its cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from syndr.reproduce.plan import Plan, Target

METRICS = ("srcc", "plcc", "krcc", "plcc_logistic", "rmse", "rmse_logistic")


@dataclass(frozen=True)
class Measured:
    """One model on one target.

    Attributes:
        row: Key of the row.
        target: Key of the target.
        seed: Seed of the run.
        split: Of a within-database experiment; None otherwise.
        metrics: n, SRCC and the others, as the evaluation gives them; "oracle" holds those of the best epoch on the
            target, where it was noted.
        counts: Rows laid out, pseudo-labelled, trained on, and candidates selected.
        protocol: Everything that decides the number, in one line.
        run: The folder it comes from.
    """

    row: str
    target: str
    seed: int
    split: int | None
    metrics: dict[str, Any]
    counts: dict[str, int]
    protocol: str
    run: str


@dataclass(frozen=True)
class Number:
    """A cell: one metric of one row on one target.

    Attributes:
        value: Mean over seeds, or median over splits.
        sd: Standard deviation over them (of a sample); None for a single run.
        runs: How many.
    """

    value: float
    sd: float | None
    runs: int

    def __str__(self) -> str:
        return f"{self.value:.4f}" + ("" if self.sd is None else f" ± {self.sd:.4f}")


@dataclass(frozen=True)
class Outcome:
    """A table as far as it has been measured.

    Attributes:
        plan: What was to be measured.
        cells: Runs that it needs and that can be made here.
        done: Those that are finished.
        measured: What they gave.
        peers: Other models' rows: key and title.
        failures: Runs that ended in an error; ``not_run`` tells which, and why.
        not_run: What could not be measured, and what to do.
        notes: What the reader must know about the protocol of all rows.
    """

    plan: Plan
    cells: int
    done: int
    measured: tuple[Measured, ...]
    peers: tuple[tuple[str, str], ...]
    failures: int
    not_run: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> list[tuple[str, str, str | None]]:
        """Key, title and published row of every measured row, in the table's order."""
        own = [(method.key, method.title, method.printed) for method in self.plan.methods]
        return [*own, *((key, title, None) for key, title in self.peers)]

    def number(self, row: str, target: Target, metric: str, oracle: bool = False) -> Number | None:
        """Give a cell; None where nothing was measured, or the metric does not exist."""
        found = [entry.metrics for entry in self._of(row, target)]
        if oracle:
            found = [metrics["oracle"] for metrics in found if "oracle" in metrics]
        values = [metrics[metric] for metrics in found if metrics.get(metric) is not None]
        values = [value for value in values if np.isfinite(value)]
        return _summary(values, median=target.within)

    def average(self, row: str, metric: str) -> Number | None:
        """Give a row's mean over the targets; None when one is missing. Its deviation is that of the seeds' means."""
        by_seed: dict[int, list[float]] = {}
        for target in self.plan.targets:
            for entry in self._of(row, target):
                value = entry.metrics.get(metric)
                if value is not None and np.isfinite(value):
                    by_seed.setdefault(entry.seed, []).append(value)
        whole = [float(np.mean(values)) for values in by_seed.values() if len(values) == len(self.plan.targets)]
        return _summary(whole, median=False)

    @property
    def has_oracle(self) -> bool:
        """Whether any run noted its best epoch on the target."""
        return any("oracle" in entry.metrics for entry in self.measured)

    def protocols(self, row: str, target: Target) -> list[str]:
        """Give the protocol of each run behind a cell."""
        return [entry.protocol for entry in self._of(row, target)]

    def _of(self, row: str, target: Target) -> Iterable[Measured]:
        return [entry for entry in self.measured if (entry.row, entry.target) == (row, target.key)]


def _summary(values: list[float], median: bool) -> Number | None:
    if not values:
        return None
    middle = float(np.median(values) if median else np.mean(values))
    return Number(middle, float(np.std(values, ddof=1)) if len(values) > 1 else None, len(values))
