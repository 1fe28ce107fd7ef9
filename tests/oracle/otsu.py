"""Type 22: Otsu's thresholds as MATLAB's multithresh finds them, in Python floats."""

from __future__ import annotations

import itertools
import math

import numpy as np

BINS = 256


def thresholds(levels, count):
    """Integers 0..255 for an array of grey levels 0..255, where MATLAB's search stops."""
    histogram = np.bincount(levels.ravel(), minlength=BINS)
    p = [int(n) / int(histogram.sum()) for n in histogram]
    omega, mu = [], []
    weight = moment = 0.0
    for number, share in enumerate(p, start=1):
        weight += share
        moment += share * number
        omega.append(weight)
        mu.append(moment)
    found = fminsearch(lambda t: objective(t, omega, mu), [i * 255 / (count + 1) for i in range(1, count + 1)])
    return [half_away(t) for t in found]


def objective(t, omega, mu):
    ends = [1, *(half_away(value) + 1 for value in t), BINS]
    if any(right <= left for left, right in itertools.pairwise(ends)):
        return math.inf
    total = mu[-1]
    value = weight = moment = 0.0
    for end in ends[1:]:
        class_weight = omega[end - 1] - weight
        class_moment = mu[end - 1] - moment
        if class_weight == 0:
            return math.inf
        value += class_weight * (class_moment / class_weight - total) ** 2
        weight, moment = omega[end - 1], mu[end - 1]
    return -value


def half_away(x):
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


def fminsearch(f, start):
    """Nelder and Mead's simplex as MATLAB has it (Lagarias et al. 1998), TolX 1, TolFun 1e-4."""
    n = len(start)
    points = [list(start), *([x * 1.05 if j == i else x for j, x in enumerate(start)] for i in range(n))]
    simplex = sorted(((f(point), point) for point in points), key=lambda vertex: vertex[0])
    evaluations, iterations = n + 1, 1
    while evaluations < 200 * n and iterations < 200 * n:
        best, worst = simplex[0], simplex[-1]
        close_values = all(abs(best[0] - value) <= 1e-4 for value, _ in simplex[1:])
        close_points = all(abs(a - b) <= 1 for _, point in simplex[1:] for a, b in zip(point, best[1], strict=True))
        if close_values and close_points:
            break
        iterations += 1
        mean = [0.0] * n
        for _, point in simplex[:-1]:
            mean = [m + x for m, x in zip(mean, point, strict=True)]
        mean = [m / n for m in mean]

        def along(step, mean=mean, worst=worst):
            point = [(1 + step) * m - step * x for m, x in zip(mean, worst[1], strict=True)]
            return f(point), point

        reflected = along(1.0)
        evaluations += 1
        new = None
        if reflected[0] < best[0]:
            expanded = along(2.0)
            evaluations += 1
            new = expanded if expanded[0] < reflected[0] else reflected
        elif reflected[0] < simplex[-2][0]:
            new = reflected
        elif reflected[0] < worst[0]:
            outside = along(0.5)
            evaluations += 1
            new = outside if outside[0] <= reflected[0] else None
        else:
            inside = along(-0.5)
            evaluations += 1
            new = inside if inside[0] < worst[0] else None
        if new is not None:
            simplex[-1] = new
        else:
            for k in range(1, n + 1):
                point = [a + 0.5 * (x - a) for a, x in zip(best[1], simplex[k][1], strict=True)]
                simplex[k] = f(point), point
            evaluations += n
        simplex.sort(key=lambda vertex: vertex[0])
    return simplex[0][1]
