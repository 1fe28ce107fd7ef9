"""KADID-like features of any number: what every benchmark of the similarity search runs on.

A data set is a row of references, each with 25 types x 5 levels of distortion, as KADID-10k is. Features are ReLU of
Gaussians around one shared base with a decaying scale per coordinate; a distorted sample has moved from its reference
towards its type, the same for all references, and picked up noise as it went. Each reference has its own random stream,
so a smaller set is the beginning of a larger one and 700,000 rows can be written block by block.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

TYPES, LEVELS = 25, 5
PER_REFERENCE = TYPES * LEVELS

_STRENGTH = np.array([0.03, 0.1, 0.25, 0.45, 0.75])  # how far each level moves a sample towards its type
_SPREAD = (0.5, 1.3)  # ... times a uniform draw per sample
_SCALE_DECAY = -0.35  # coordinate scale ~ k ** decay, coordinates permuted
_SHARED = 0.4  # weight of the shared base: sets how far references are apart
_NOISE = 0.3  # noise per unit of strength, in units of each coordinate's scale
_LABEL = (9.5, -8.5, 0.7)  # quality = best + slope * strength + noise

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shared:
    """What all samples share: coordinate scale and base, (dims,) each, the types (TYPES, dims), and the constants."""

    scale: Floats
    base: Floats
    types: Floats
    strength: npt.NDArray[np.float64] = field(default_factory=lambda: _STRENGTH)
    spread: tuple[float, float] = _SPREAD
    noise: float = _NOISE
    label: tuple[float, float, float] = _LABEL


class KadidLike:
    """The generator; everything follows from the seed.

    Args:
        seed: Any non-negative integer.
        dims: Number of features.
    """

    def __init__(self, seed: int = 0, dims: int = 2048) -> None:
        self.seed = seed
        self.dims = dims
        common = np.random.default_rng([seed, 0])
        order = common.permutation(dims)
        scale = np.arange(1, dims + 1) ** _SCALE_DECAY
        self._scale = scale[order].astype(np.float32)
        # Signs in turn from the largest scale down: with drawn ones, a few large coordinates would make the
        # distances between references depend on the seed.
        self._base = np.where(order % 2, _SHARED, -_SHARED).astype(np.float32)
        self._types = self._around_base(common.standard_normal((TYPES, dims), dtype=np.float32))

    def shared(self) -> Shared:
        """Give what another generator of the same kind of data needs."""
        return Shared(self._scale, self._base, self._types)

    def references(self, count: int, first: int = 0) -> Floats:
        """Give the features of undistorted references ``first``, ``first + 1``, ...: (count, dims)."""
        drawn = [self._content(self._stream(number)) for number in range(first, first + count)]
        return np.maximum(np.stack(drawn), 0)

    def samples(self, rows: int) -> tuple[Floats, Labels]:
        """Give distorted samples in memory: features (rows, dims) and labels (rows,) on the 0-10 scale."""
        features = np.empty((rows, self.dims), dtype=np.float32)
        labels = np.empty(rows)
        self.write(features, labels)
        return features, labels

    def write(self, features: Floats, labels: Labels) -> None:
        """Fill given arrays, such as memory maps, one reference at a time.

        Args:
            features: (rows, dims) float32, any row number; the last reference may be cut short.
            labels: (rows,) float64.
        """
        for start in range(0, len(labels), PER_REFERENCE):
            block, quality = self._distorted(start // PER_REFERENCE)
            rows = slice(start, min(start + PER_REFERENCE, len(labels)))
            features[rows] = block[: rows.stop - start]
            labels[rows] = quality[: rows.stop - start]

    def _stream(self, reference: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, 1, reference])

    def _around_base(self, normal: Floats) -> Floats:
        return self._scale * (self._base + normal)

    def _content(self, stream: np.random.Generator) -> Floats:
        return self._around_base(stream.standard_normal(self.dims, dtype=np.float32))

    def _distorted(self, reference: int) -> tuple[Floats, Labels]:
        stream = self._stream(reference)
        content = self._content(stream)
        strength = _STRENGTH * stream.uniform(*_SPREAD, (TYPES, LEVELS))
        best, slope, spread = _LABEL
        labels = np.clip(best + slope * strength + stream.normal(0, spread, strength.shape), 0, 10)
        a = strength.astype(np.float32)[..., None]
        noise = stream.standard_normal((TYPES, LEVELS, self.dims), dtype=np.float32)
        moved = (1 - a) * content + a * (self._types[:, None] + np.float32(_NOISE) * self._scale * noise)
        return np.maximum(moved, 0).reshape(PER_REFERENCE, self.dims), labels.reshape(PER_REFERENCE)


@dataclass(frozen=True)
class Statistics:
    """What a generated data set is like; printed with every result so that ratios mean the same to everyone.

    Attributes:
        rows: Number of samples.
        dims: Number of features.
        references: Number of references.
        reference_distance: Minimum, median and maximum cosine distance between two references (of at most 1,000).
        below_radius: Share of all pairs of samples with distance < 0.1.
        within_gap: Share of all pairs of samples with a label difference < 1.
        edges: Share of all pairs that meet both.
        queries: Number of rows, drawn at random, compared with all others for ``below_radius`` and ``edges``.
    """

    rows: int
    dims: int
    references: int
    reference_distance: tuple[float, float, float]
    below_radius: float
    within_gap: float
    edges: float
    queries: int

    def as_dict(self) -> dict[str, Any]:
        """Give the fields for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        low, middle, high = self.reference_distance
        return (
            f"{self.rows:,} x {self.dims} from {self.references:,} references {low:.2f}/{middle:.2f}/{high:.2f} apart "
            f"(min/median/max); of all pairs {self.below_radius:.3%} below 0.1, {self.within_gap:.1%} within the "
            f"label gap, {self.edges:.3%} both"
        )


def measure(
    generator: KadidLike, features: Floats, labels: Labels, radius: float = 0.1, gap: float = 1.0
) -> Statistics:
    """Measure a generated set (pairs of some rows with all others stand for all pairs: see ``queries``)."""
    rows = len(labels)
    count = -(-rows // PER_REFERENCE)
    queries = _queries(rows)
    below = edges = 0
    for start in range(0, len(queries), 512):
        chosen = queries[start : start + 512]
        near = _distances(features, chosen) < radius
        near[np.arange(len(chosen)), chosen] = False  # a row is no pair with itself
        below += int(near.sum())
        edges += int((near & (np.abs(labels[chosen, None] - labels) < gap)).sum())
    compared = len(queries) * (rows - 1)
    return Statistics(
        rows=rows,
        dims=features.shape[1],
        references=count,
        reference_distance=_spread(generator.references(min(count, 1000))),
        below_radius=below / compared,
        within_gap=_share_within(labels, gap),
        edges=edges / compared,
        queries=len(queries),
    )


def _queries(rows: int) -> npt.NDArray[np.int64]:
    count = min(rows, max(500, 40_000_000 // rows))
    return np.sort(np.random.default_rng(0).choice(rows, count, replace=False))


def _unit(features: Floats) -> Floats:
    unit: Floats = features / np.linalg.norm(features, axis=1, keepdims=True)
    return unit


def _distances(features: Floats, chosen: npt.NDArray[np.int64], block: int = 8192) -> Floats:
    some = _unit(features[chosen])
    parts = [some @ _unit(features[start : start + block]).T for start in range(0, len(features), block)]
    return 1 - np.hstack(parts)


def _spread(references: Floats) -> tuple[float, float, float]:
    unit = _unit(references)
    distances = (1 - unit @ unit.T)[np.triu_indices(len(unit), 1)]
    if len(distances) == 0:  # a single reference has no other to be apart from
        return (float("nan"),) * 3
    return float(distances.min()), float(np.median(distances)), float(distances.max())


def _share_within(labels: Labels, gap: float) -> float:
    ordered = np.sort(labels)
    later = np.searchsorted(ordered, ordered + gap, side="left") - np.arange(1, len(ordered) + 1)
    return float(later.sum() / (len(ordered) * (len(ordered) - 1) / 2))
