"""Arguments for every function of the native module, most of them wrong in one way or another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from syndr import _native

ODD_NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.1, 5e-324, 1e-160, 1e160, 1.7e308, np.inf, -np.inf, np.nan]
DTYPES = ["<f2", "<f4", "<f8", ">f4", "V2", "V4", "<i8", "u1", "?", "<c8", "O", "<U3", "M8[s]"]
# What a function may raise: the arguments are wrong (by pybind11's and NumPy's names), or there is no memory for it.
REFUSED = (TypeError, ValueError, IndexError, OverflowError, MemoryError, BufferError)

wrong = st.sampled_from([None, 0, -1, 2**31, 2**63, 2**64, 10**30, 1.5, np.nan, "x", b"x", [], [1.0], {}, object()])
threads = st.sampled_from([0, 1, 2, 3])
counts = st.integers(-1, 20) | st.sampled_from([2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**64 - 1])
flags = st.booleans()
reals = st.sampled_from(ODD_NUMBERS) | st.floats(-3, 3)


any_dimensions, any_dtype = st.integers(0, 4), st.sampled_from(DTYPES)


@st.composite
def arrays(draw: Any, dimensions: Any = any_dimensions, dtypes: Any = any_dtype, most: int = 9) -> Any:
    """An array of any shape, dtype and layout: strided, reversed, unaligned, broadcast, read-only, empty."""
    shape = tuple(draw(st.lists(st.integers(0, most), min_size=(n := draw(dimensions)), max_size=n)))
    dtype = np.dtype(draw(dtypes))
    size = int(np.prod(shape))
    seed = draw(st.integers(0, 99))
    base = np.random.default_rng(seed).normal(size=size) * draw(st.sampled_from([1.0, 1e-30, 1e30, 100.0]))
    for value in draw(st.lists(st.sampled_from(ODD_NUMBERS), max_size=2)):
        base[: 1 + size // 3] = value
    with np.errstate(all="ignore"):
        if dtype.kind in "V":
            array = np.zeros(shape, dtype)
        elif dtype.kind in "OU":
            array = base.astype("f4").astype(dtype).reshape(shape)
        else:
            array = np.nan_to_num(base, posinf=9, neginf=-9) if dtype.kind in "iubM" else base
            array = array.astype("f8").astype("i8" if dtype.kind == "M" else dtype).astype(dtype).reshape(shape)
    layout = draw(st.sampled_from(["plain", "plain", "reversed", "every second", "transposed", "fixed", "unaligned"]))
    if layout == "reversed":
        array = array[tuple(slice(None, None, -1) for _ in shape)]
    elif layout == "every second" and array.ndim:
        array = np.repeat(array, 2, axis=-1)[..., ::2]
    elif layout == "transposed":
        array = np.asfortranarray(array)
    elif layout == "fixed":
        array.flags.writeable = False
    elif layout == "unaligned" and dtype.kind not in "OU" and dtype.itemsize > 1:
        room = np.zeros(array.nbytes + 1, np.uint8)
        moved = room[1:].view(dtype).reshape(shape) if array.size else array
        moved[...] = array
        array = moved
    return array


def of(dtype: str, dimensions: int) -> Any:
    """Mostly an array of the dtype and dimensions that are wanted."""
    return arrays(st.just(dimensions), st.just(dtype)) | arrays() | wrong


features = arrays(st.just(2), st.sampled_from(["<f4", "<f8", "<f2", "V2"])) | arrays() | wrong
norms, longs = of("<f8", 1), of("<i8", 1)
small = st.integers(-2, 12)
index_lists = st.lists(small, max_size=9).map(lambda rows: np.array(rows, dtype=np.int64)) | longs
number_lists = st.lists(reals, max_size=9).map(lambda values: np.array(values, dtype=np.float64)) | norms
maybe = st.none()


@st.composite
def fitting(draw: Any) -> tuple[Any, Any]:
    """Features with as many squared norms; they need not be the right ones."""
    X = draw(arrays(st.just(2), st.sampled_from(["<f4", "<f8", "<f2"])))
    if draw(flags) and X.shape[1]:
        return X, _native.squared_norms(X, 1, None)
    return X, np.array(draw(st.lists(reals, min_size=len(X), max_size=len(X))), dtype=np.float64)


def ticking(done: int, total: int) -> None:
    """Hear of progress."""


ticks = st.sampled_from([None, None, ticking, 7])
pairs = fitting() | st.tuples(features, number_lists)


def _join(
    X: Any, radius: Any, labels: Any, gap: Any, members: Any, step: Any, whole: Any, count: Any, basis: Any
) -> Any:
    rows, squared = X
    directions, centre = basis
    labels = (
        np.resize(labels, len(rows)) if isinstance(labels, np.ndarray) and np.ndim(rows) and labels.size else labels
    )
    join = _native.RangeJoin(rows, squared, radius, labels, gap, members, directions, centre, step, whole, count, None)
    join.components(None)
    found = join.pairs(0, join.tasks, None)
    join.pairs(join.tasks, join.tasks + 3, None)
    return join.counts(), found


def _nearest(queries: Any, base: Any, k: Any, farthest: Any, groups: Any, count: Any) -> Any:
    return _native.nearest(*queries, *base, k, farthest, *groups, count, None)


@st.composite
def bases(draw: Any) -> tuple[Any, Any]:
    """A basis that may fit, and a centre that may fit it."""
    dims = draw(st.integers(1, 9))
    centre = np.array(draw(st.lists(reals, min_size=dims, max_size=dims)), dtype=np.float32)
    if draw(flags):
        return None, centre
    directions = draw(st.integers(0, 4))
    return draw(arrays(st.just(2), st.just("<f4"))) if draw(flags) else np.ones((directions, dims), np.float32), centre


pixels = arrays(st.just(3), st.sampled_from(["<f4", "<f8"])) | arrays() | wrong
flat = arrays(st.just(2), st.sampled_from(["<f4", "<f8", "u1"])) | arrays() | wrong
counters = st.tuples(counts, counts, counts) | wrong
odd_sizes = st.sampled_from([1, 3, 5, 7, 21])

#: Each function with what is drawn for it.
CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "squared_norms": (_native.squared_norms, (features, threads, ticks)),
    "unit_rows": (lambda X, count: _native.unit_rows(*X, count), (pairs, threads)),
    "RangeJoin": (
        _join,
        (pairs, reals, maybe | number_lists, reals, maybe | index_lists, reals, flags, threads, bases()),
    ),
    "principal_filter": (
        lambda X, sampled, directions, count: _native.principal_filter(*X, sampled, directions, count, None),
        (pairs, counts, counts, threads),
    ),
    "pair_distances": (
        lambda A, B, i, j, count: _native.pair_distances(*A, *B, i, j, count),
        (pairs, pairs, index_lists, index_lists, threads),
    ),
    "nearest": (
        _nearest,
        (pairs, pairs, counts, flags, st.just((None, None)) | st.tuples(index_lists, index_lists), threads),
    ),
    "diameters": (
        lambda X, clusters, number, count: _native.diameters(*X, clusters, number, count, None),
        (pairs, index_lists, counts, threads),
    ),
    "thin": (_native.thin, (counts, index_lists, index_lists, flags, counts)),
    "hash_ids": (_native.hash_ids, (st.lists(st.text() | wrong, max_size=5) | wrong, counts | wrong)),
    "quantize_colors": (
        _native.quantize_colors,
        (arrays(st.just(4), st.just("u1"), most=5) | arrays() | wrong, counts, threads),
    ),
    "otsu_thresholds": (
        _native.otsu_thresholds,
        (
            st.lists(st.integers(-(2**40), 2**40), min_size=256, max_size=256).map(lambda b: np.array([b], np.int64))
            | of("<i8", 2),
            st.integers(-1, 12) | wrong,
        ),
    ),
    "extremes": (_native.extremes, (flat, threads)),
    "stretch_to_f32": (_native.stretch_to_f32, (flat, number_lists, number_lists, of("?", 1), threads)),
    "stretch_to_f64": (_native.stretch_to_f64, (flat, number_lists, number_lists, of("?", 1), threads)),
    "settle_into": (_native.settle_into, (flat, flat, threads)),
    "rgb_to_lab": (_native.rgb_to_lab, (pixels, of("<f8", 2), threads)),
    "lab_to_rgb": (_native.lab_to_rgb, (pixels, of("<f8", 2), threads)),
    "blur": (_native.blur, (pixels, odd_sizes.map(lambda n: np.ones(n)) | number_lists, threads)),
    "correlate": (
        _native.correlate,
        (pixels, st.tuples(odd_sizes, odd_sizes).map(lambda shape: np.ones(shape)) | of("<f8", 2), threads),
    ),
    "jitter": (
        lambda image, normal, sigma, count: (
            _native.jitter(image, np.resize(normal, (2, *image.shape[1:])).astype(image.dtype), sigma, count)
            if isinstance(image, np.ndarray) and image.ndim == 3 and image.dtype.kind == "f"
            else _native.jitter(image, normal, sigma, count)
        ),
        (
            st.integers(1, 9).flatmap(
                lambda n: st.sampled_from(["<f4", "<f8"]).map(lambda t: np.ones((3, n, 10 - n), t))
            )
            | pixels,
            arrays(st.just(3), st.sampled_from(["<f4", "<f8"])).filter(lambda a: a.size > 0),
            reals,
            threads,
        ),
    ),
    "draw_uniform": (_native.draw_uniform, (longs, counters, st.integers(-1, 40), threads)),
    "draw_normal": (_native.draw_normal, (longs, counters, st.integers(-1, 40), threads)),
}
