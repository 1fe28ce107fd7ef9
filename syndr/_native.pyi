"""The native core (csrc/).

Arrays of features are (rows, dims) float16, bfloat16 (as V2), float32 or float64, any strides; arrays of pixels are
contiguous float32 or float64, and uint8 too where they are stretched.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]
_Longs = npt.NDArray[np.int64]
_Features = npt.NDArray[Any]
_Pixels = npt.NDArray[Any]
_Flags = npt.NDArray[np.bool_]
_Tick = Callable[[int, int], None] | None

SMALLEST_SQUARED_NORM: float
LARGEST_SQUARED_NORM: float

def squared_norms(X: _Features, threads: int, progress: _Tick) -> _Floats: ...

class RangeJoin:
    """Every pair closer than a radius, among rows it keeps in short form."""

    MOST_DIMS: int

    def __init__(
        self,
        X: _Features,
        norms: _Floats,
        radius: float,
        labels: _Floats | None,
        gap: float,
        members: _Longs | None,
        basis: npt.NDArray[np.float32] | None,
        centre: npt.NDArray[np.float32],
        step: float,
        whole_rows: bool,
        threads: int,
        progress: _Tick,
    ) -> None: ...
    @property
    def tasks(self) -> int: ...
    def components(self, progress: _Tick) -> _Longs: ...
    def pairs(self, first: int, last: int, progress: _Tick) -> tuple[_Longs, _Longs, _Floats]: ...
    def counts(self) -> dict[str, int]: ...

def prepared_rows(
    X: _Features,
    norms: _Floats,
    radius: float,
    labels: _Floats | None,
    members: _Longs,
    basis: npt.NDArray[np.float32] | None,
    centre: npt.NDArray[np.float32],
    step: float,
    whole_rows: bool,
    threads: int,
) -> npt.NDArray[np.uint8]: ...

class BlockJoin:
    """Every pair closer than a radius in one block of prepared rows, or between two; numbered through both blocks."""

    def __init__(
        self,
        X: _Features,
        norms: _Floats,
        radius: float,
        labels: _Floats | None,
        gap: float,
        members: _Longs,
        prepared: npt.NDArray[np.uint8],
        other_members: _Longs | None = None,
        other_prepared: npt.NDArray[np.uint8] | None = None,
    ) -> None: ...
    @property
    def tasks(self) -> int: ...
    def forest(self, groups: _Longs) -> tuple[_Longs, _Longs]: ...
    def pairs(self, first: int, last: int, progress: _Tick) -> tuple[_Longs, _Longs, _Floats]: ...
    def counts(self) -> dict[str, int]: ...

class JoinedRows:
    """Sets of rows, joined pair by pair."""

    def __init__(self, rows: int) -> None: ...
    def join(self, i: _Longs, j: _Longs) -> int: ...
    def roots(self, rows: _Longs) -> _Longs: ...
    def labels(self) -> _Longs: ...

def principal_filter(
    X: _Features, norms: _Floats, sampled: int, directions: int, threads: int, progress: _Tick
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], float]: ...
def pair_distances(
    A: _Features, norms_a: _Floats, B: _Features, norms_b: _Floats, i: _Longs, j: _Longs, threads: int = 1
) -> _Floats: ...
def unit_rows(X: _Features, norms: _Floats, threads: int) -> npt.NDArray[np.float32]: ...
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
def extremes(images: _Pixels, threads: int) -> tuple[_Floats, _Floats, _Flags]: ...
def stretch_to_f32(
    images: _Pixels, low: _Floats, high: _Floats, eight_bit: _Flags, threads: int
) -> npt.NDArray[np.float32]: ...
def stretch_to_f64(images: _Pixels, low: _Floats, high: _Floats, eight_bit: _Flags, threads: int) -> _Floats: ...
def settle_into(images: _Pixels, out: _Pixels, threads: int) -> None: ...
def rgb_to_lab(rgb: _Pixels, matrix: _Floats, threads: int) -> _Pixels: ...
def lab_to_rgb(lab: _Pixels, matrix: _Floats, threads: int) -> _Pixels: ...
def blur(planes: _Pixels, taps: _Floats, threads: int) -> _Pixels: ...
def correlate(planes: _Pixels, weights: _Floats, threads: int) -> _Pixels: ...
def jitter(image: _Pixels, normal: _Pixels, sigma: float, threads: int) -> _Pixels: ...
def draw_uniform(seeds: _Longs, counter: tuple[int, int, int], count: int, threads: int) -> _Floats: ...
def draw_normal(seeds: _Longs, counter: tuple[int, int, int], count: int, threads: int) -> npt.NDArray[np.float32]: ...
def kernels() -> list[str]: ...
def explain_lost_pages() -> None: ...
