"""The native core (csrc/). Arrays of features are (rows, dims) float16, float32 or float64, any strides."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]
_Longs = npt.NDArray[np.int64]
_Features = npt.NDArray[Any]
_Tick = Callable[[int, int], None] | None

SMALLEST_SQUARED_NORM: float
LARGEST_SQUARED_NORM: float

def squared_norms(X: _Features, threads: int, progress: _Tick) -> _Floats: ...
def components(
    X: _Features, norms: _Floats, radius: float, labels: _Floats | None, gap: float, threads: int, progress: _Tick
) -> _Longs: ...
def pairs(
    X: _Features, norms: _Floats, radius: float, labels: _Floats | None, gap: float, threads: int, progress: _Tick
) -> tuple[_Longs, _Longs, _Floats]: ...
def pair_distances(A: _Features, norms_a: _Floats, B: _Features, norms_b: _Floats, i: _Longs, j: _Longs) -> _Floats: ...
def nearest(
    queries: _Features,
    query_norms: _Floats,
    base: _Features,
    base_norms: _Floats,
    k: int,
    farthest: bool,
    query_groups: _Longs | None,
    base_groups: _Longs | None,
    threads: int,
    progress: _Tick,
) -> tuple[_Floats, _Longs]: ...
def diameters(X: _Features, norms: _Floats, clusters: _Longs, count: int, threads: int, progress: _Tick) -> _Floats: ...
def thin(count: int, i: _Longs, j: _Longs, forward: bool, keep: int) -> tuple[_Longs, _Longs]: ...
def hash_ids(ids: list[str], seed: int) -> npt.NDArray[np.uint64]: ...
def quantize_colors(pictures: npt.NDArray[np.uint8], most: int, threads: int) -> npt.NDArray[np.uint8]: ...
def otsu_thresholds(histograms: _Longs, count: int) -> _Longs: ...
def kernels() -> list[str]: ...
