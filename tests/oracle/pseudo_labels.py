"""Algorithm 2's pseudo-labels, one new image, type and level at a time."""

from __future__ import annotations

import math


def neighbours(distances, names, k=5, gap=0.05):
    """The k nearest references as (distance, name), ties by name, without those too far behind the nearest."""
    nearest = sorted(zip(distances, names, strict=True))[:k]
    return [(d, name) for d, name in nearest if gap is None or d - nearest[0][0] < gap]


def weights(distances, sign=+1):
    """Softmax of the distances (+1, as printed and as coded), of their negatives (-1), or uniform (0)."""
    parts = [math.exp(sign * d) for d in distances]
    return [part / math.fsum(parts) for part in parts]


def label(used, quality, kind, level, sign=+1):
    """Weighted mean of the neighbours' qualities; `quality` maps (name, type, level) to 0-10."""
    share = weights([d for d, _ in used], sign)
    return math.fsum(w * quality[name, kind, level] for w, (_, name) in zip(share, used, strict=True))
