"""Feature matrices that are easy to get wrong, by name, with labels."""

from __future__ import annotations

import numpy as np

GAP = 1.0
RADIUS = 0.1


def random_rows(rng):
    return rng.normal(size=(300, 24))


def relu_features(rng):
    return np.maximum(rng.normal(size=(200, 96)) + 0.3, 0)


def clustered(rng):
    centres = rng.normal(size=(12, 40))
    return centres[rng.integers(12, size=400)] + 0.25 * rng.normal(size=(400, 40))


def chained(rng):
    """Neighbours at 0.09, next neighbours far outside the radius: one component if labels allow."""
    angles = np.arange(150) * np.arccos(1 - 0.09)
    flat = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    plane, _ = np.linalg.qr(rng.normal(size=(30, 2)))
    return (flat @ plane.T)[rng.permutation(len(flat))]


def identical(rng):
    return np.tile(rng.normal(size=(1, 17)), (120, 1))


def duplicates(rng):
    """Exact copies, and copies of other lengths."""
    rows = rng.normal(size=(40, 33))
    return rows[rng.integers(40, size=160)] * rng.choice([1.0, 1.0, 0.5, 3.0], size=(160, 1))


def opposite(rng):
    rows = rng.normal(size=(50, 5))
    return np.concatenate([rows, -rows])


def one_dimension(rng):
    return rng.choice([-2.0, 0.5, 3.0], size=(60, 1))


def lengths(rng):
    """Directions in clusters, lengths over forty decades (five in half precision, cut off below)."""
    rows = clustered(rng)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True) * 10.0 ** rng.integers(-20, 20, size=(len(rows), 1))


def at_the_radius(rng):
    """Pairs of rows within 1e-12 to 1e-6 of the radius on either side, each pair in two dimensions of its own."""
    offsets = [0.0] + [sign * 10.0**-e for e in range(6, 13) for sign in (1, -1)]
    rows = np.zeros((2 * len(offsets), 2 * len(offsets)))
    for n, offset in enumerate(offsets):
        angle = np.arccos(1 - RADIUS - offset)
        rows[2 * n, 2 * n] = 1
        rows[2 * n + 1, 2 * n : 2 * n + 2] = np.cos(angle), np.sin(angle)
    turn, _ = np.linalg.qr(rng.normal(size=(rows.shape[1], rows.shape[1])))
    return rows @ turn


CASES = {
    case.__name__: case
    for case in (
        random_rows, relu_features, clustered, chained, identical, duplicates, opposite, one_dimension, lengths,
        at_the_radius,
    )
}  # fmt: skip


def make(name, dtype=np.float64, seed=0):
    """(X, y): labels are tenths on 0-10, so that many gaps lie at the limit, some exactly."""
    rng = np.random.default_rng([seed, *name.encode()])
    X = CASES[name](rng)
    if name == "lengths" and dtype == np.float16:
        X = X / np.linalg.norm(X, axis=1, keepdims=True) * 10.0 ** rng.integers(-1, 4, size=(len(X), 1))
    return X.astype(dtype), rng.integers(0, 101, size=len(X)) / 10


def agreeing_edges(distances, radius, found, labels=None, gap=None):
    """Check found pairs against the oracle's distances, either answer passing at the radius; give the pairs."""
    from oracle.similarity import AMBIGUOUS, pairs

    found = set(found)
    certain = pairs(distances, radius - AMBIGUOUS, labels, gap)
    possible = pairs(distances, radius + AMBIGUOUS, labels, gap)
    assert certain <= found, sorted(certain - found)[:5]
    assert found <= possible, sorted(found - possible)[:5]
    return found
