"""DDCUp as the paper's Algorithm 1 and the authors' code read, literally."""

from __future__ import annotations

import statistics

import numpy as np


def thresholds(between_references, kind="nearest", groups=None):
    """(lower, upper) from the references' distance matrix."""
    count = len(between_references)
    groups = list(range(count)) if groups is None else list(groups)
    others = [
        [between_references[i][j] for j in range(count) if groups[i] != groups[j]] for i in range(count)
    ]  # all ordered pairs i != j
    if kind == "nearest":
        lower = statistics.median(min(row) for row in others)
    else:
        lower = statistics.median(value for row in others for value in row)
    return lower, max(max(row) for row in others)


def passing(to_references, lower, upper):
    """Candidates whose nearest reference is over `lower` and farthest under `upper`."""
    return [c for c, row in enumerate(to_references) if min(row) > lower and max(row) < upper]


def removal(distances, threshold, most=None):
    """The authors' loop: while the closest pair left is below the threshold, delete its lower index.

    With `most`, deletion goes on past the threshold until no more than that many are left.
    """
    left = np.array(distances, dtype=np.float64)
    np.fill_diagonal(left, np.inf)
    names = list(range(len(left)))
    while len(names) > 1:
        first = int(np.argmin(left))  # the first in row-major order, so the row is the lower index
        row, column = divmod(first, len(names))
        over = most is not None and len(names) > most
        if not (left[row, column] < threshold or over):
            break
        del names[row]
        left = np.delete(np.delete(left, row, axis=0), row, axis=1)
    return names


def forward(distances, threshold, most=None):
    """The paper's pass: accept a candidate that is farther than the threshold from all accepted before it."""
    accepted = []
    for candidate in range(len(distances)):
        if most is not None and len(accepted) == most:
            break
        if not accepted or min(distances[candidate][other] for other in accepted) > threshold:
            accepted.append(candidate)
    return accepted


def select(between_references, to_references, between_candidates, diversity, threshold, most=None, groups=None):
    """Positions of the selected candidates."""
    lower, upper = thresholds(between_references, threshold, groups)
    passed = passing(to_references, lower, upper)
    inner = np.asarray(between_candidates)[np.ix_(passed, passed)]
    thin = removal if diversity == "removal" else forward
    return [passed[member] for member in thin(inner, lower, most)]
