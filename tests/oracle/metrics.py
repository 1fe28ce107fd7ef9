"""Correlations and the best 4-parameter logistic, written out naively in float64."""

from __future__ import annotations

import math

import numpy as np


def average_ranks(values):
    """Rank of each value, counting ties half: O(n^2), straight from the definition."""
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2 for value in values
    ]


def pearson(x, y):
    mean_x, mean_y = math.fsum(x) / len(x), math.fsum(y) / len(y)
    covariance = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    variances = math.fsum((a - mean_x) ** 2 for a in x) * math.fsum((b - mean_y) ** 2 for b in y)
    return covariance / math.sqrt(variances)


def spearman(x, y):
    return pearson(average_ranks(x), average_ranks(y))


def kendall_tau_b(x, y):
    concordant = tied_x = tied_y = pairs = 0
    for i in range(len(x)):
        for j in range(i):
            pairs += 1
            concordant += int(np.sign(x[i] - x[j]) * np.sign(y[i] - y[j]))
            tied_x += x[i] == x[j]
            tied_y += y[i] == y[j]
    return concordant / math.sqrt((pairs - tied_x) * (pairs - tied_y))


def best_logistic_rmse(x, y):
    """Smallest RMSE of (b1-b2)/(1+exp(-(x-b3)/b4))+b2 on a fine grid of b3 and b4; b1 and b2 are linear."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    x = (x - x.mean()) / x.std()
    best = np.inf
    for center in np.linspace(x.min() - 3, x.max() + 3, 121):
        for width in np.geomspace(0.02, 50, 121):
            sigmoid = 1 / (1 + np.exp(-np.clip((x - center) / width, -500, 500)))
            design = np.stack([sigmoid, np.ones_like(x)], axis=1)
            solution = np.linalg.lstsq(design, y, rcond=None)[0]
            best = min(best, float(np.sqrt(np.mean((design @ solution - y) ** 2))))
    return best


def bootstrap_srcc(predictions, quality, rows):
    """SRCC of each resample given by its row numbers, constant resamples left out."""
    values = []
    for sample in rows:
        x, y = predictions[sample], quality[sample]
        if len(set(x)) > 1 and len(set(y)) > 1:
            values.append(spearman(list(x), list(y)))
    return np.array(values)
