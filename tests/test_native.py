"""The native module's own contract: checked arguments, Ctrl-C, the fixed hash, thinning over sorted pairs."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import ddcup, similarity
from oracle.hashing import xxh64

from syndr import _native

X = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
NORMS = _native.squared_norms(X, 1, None)


def sorted_pairs(distances, threshold):
    """Pairs below the threshold by (distance, i, j), as two int64 arrays."""
    i, j = np.triu_indices(len(distances), 1)
    close = np.flatnonzero(distances[i, j] < threshold)
    order = close[np.lexsort((j[close], i[close], distances[i, j][close]))]
    return i[order].astype(np.int64), j[order].astype(np.int64)


@st.composite
def tied_distances(draw):
    """A symmetric matrix of few different values, so that ties are the rule."""
    size = draw(st.integers(0, 9))
    values = draw(st.integers(1, 6))
    upper = draw(st.lists(st.integers(0, values), min_size=size * size, max_size=size * size))
    distances = np.triu(np.array(upper, dtype=np.float64).reshape(size, size), 1)
    return distances + distances.T


@given(tied_distances(), st.integers(0, 7))
def test_the_walk_over_sorted_pairs_is_the_iterative_removal(distances, threshold):
    i, j = sorted_pairs(distances, threshold)
    removed_by, decided_by = _native.thin(len(distances), i, j, False, 0)
    assert np.flatnonzero(removed_by < 0).tolist() == ddcup.removal(distances, threshold)
    for row in np.flatnonzero(decided_by >= 0):
        assert (i[decided_by[row]], j[decided_by[row]]) == (row, removed_by[row])


@given(tied_distances(), st.integers(1, 9))
def test_the_walk_stops_at_a_number_of_survivors(distances, most):
    i, j = sorted_pairs(distances, np.inf)
    removed_by, _ = _native.thin(len(distances), i, j, False, most)
    assert np.flatnonzero(removed_by < 0).tolist() == ddcup.removal(distances, -np.inf, most)


@given(tied_distances(), st.integers(0, 7), st.none() | st.integers(0, 9))
def test_the_walk_forward_is_the_paper_s_pass(distances, threshold, most):
    i, j = sorted_pairs(distances, np.nextafter(threshold, np.inf))
    cap = len(distances) if most is None else most
    removed_by, _ = _native.thin(len(distances), i, j, True, cap)
    assert np.flatnonzero(removed_by < 0).tolist() == ddcup.forward(distances, threshold, most)


def test_work_without_progress_may_outlast_a_tick():
    rows = np.ones((300, 4096), dtype=np.float32)
    norms = _native.squared_norms(rows, 1, None)
    pairs = np.zeros(60_000, dtype=np.int64)  # a tenth of a second and more
    for _ in range(3):
        assert np.all(_native.pair_distances(rows, norms, rows, norms, pairs, pairs, 1) == 0)


def test_pair_distances_equal_the_formula():
    i, j = (np.ravel(a) for a in np.mgrid[:12, :12])
    found = _native.pair_distances(X, NORMS, X, NORMS, i, j).reshape(12, 12)
    np.testing.assert_allclose(found, similarity.exact_matrix(X), rtol=0, atol=1e-15)
    assert (found == found.T).all()


def test_kernels_end_with_the_portable_one():
    assert _native.kernels()[-1] == "portable"
    assert len(set(_native.kernels())) == len(_native.kernels())


CENTRE = np.zeros(5, dtype=np.float32)


def join(norms=NORMS, labels=None, members=None, basis=None, centre=CENTRE, step=0.01):
    return _native.RangeJoin(X, norms, 0.1, labels, 1.0, members, basis, centre, step, True, 1, None)


LONGS, ROWS = np.zeros(2, dtype=np.int64), np.zeros(12, dtype=np.int64)
WIDE, CENTRE_OF_WIDE = np.ones((1, 65_537), dtype=np.float32), np.zeros(65_537, dtype=np.float32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: _native.squared_norms(X[0], 1, None), ValueError, "X must have two dimensions"),
        (lambda: _native.squared_norms(X[:, :0], 1, None), ValueError, "X must have two dimensions .*dims > 0"),
        (
            lambda: _native.squared_norms(X.astype(int), 1, None),
            TypeError,
            "X must be float16, bfloat16 .as V2.",
        ),
        (lambda: _native.squared_norms(X.astype(">f4"), 1, None), TypeError, "X must have native byte order"),
        (lambda: _native.squared_norms(np.zeros((2, 2), "V4"), 1, None), TypeError, "X must be float16, bfloat16"),
        (lambda: join(norms=NORMS[:-1]), ValueError, "norms must be one-dim"),
        (lambda: join(labels=NORMS[:-1]), ValueError, "labels must be one-dim"),
        (lambda: join(norms=NORMS.astype("f4")), TypeError, "incompatible"),
        (lambda: join(labels=ROWS), TypeError, "incompatible"),
        (lambda: join(norms=np.repeat(NORMS, 2)[::2]), TypeError, "incompatible"),
        (lambda: join(members=LONGS[:0]), ValueError, "members must be a list of rows"),
        (lambda: join(members=LONGS + 12), IndexError, "members: there is no row 12"),
        (lambda: join(step=0.0), ValueError, "step must be at least 0.001"),
        (lambda: join(step=np.nan), ValueError, "step must be at least 0.001"),
        (lambda: join(centre=CENTRE[:4]), ValueError, "without a basis dims"),
        (lambda: join(basis=np.eye(2, 5, dtype=np.float32)), ValueError, "centre must have directions . 1 entries"),
        (lambda: join(basis=np.eye(4, dtype=np.float32)), ValueError, "basis must have shape .directions, dims."),
        (lambda: join(basis=np.eye(4, 5)), TypeError, "incompatible"),
        (lambda: _native.principal_filter(X, NORMS, 0, 3, 1, None), ValueError, "a filter needs rows"),
        (lambda: _native.nearest(X, NORMS, X[:, :4], NORMS, 1, False, None, None, 1, None), ValueError, "equal dims"),
        (lambda: _native.nearest(X, NORMS, X, NORMS, 1, False, ROWS, None, 1, None), ValueError, "go together"),
        (lambda: _native.nearest(X, NORMS, X, NORMS, 1, False, ROWS, LONGS, 1, None), ValueError, "base_groups must"),
        (
            lambda: _native.nearest(X, NORMS, X, NORMS, 2**60, False, None, None, 1, None),
            ValueError,
            "k = 1152921504606846976 is too large for 12 queries",
        ),
        (
            lambda: _native.RangeJoin(WIDE, np.ones(1), 0.5, None, 0, None, None, CENTRE_OF_WIDE, 0.1, False, 1, None),
            ValueError,
            "at most 2.32 - 1 rows of at most 65,536 dims",
        ),
        (lambda: _native.pair_distances(X, NORMS, X[:, :4], NORMS, LONGS, LONGS), ValueError, "equal dims"),
        (lambda: _native.pair_distances(X, NORMS, X, NORMS, LONGS, LONGS + 12), IndexError, "pair 0 names a row"),
        (lambda: _native.pair_distances(X, NORMS, X, NORMS, LONGS - 1, LONGS), IndexError, "pair 0 names a row"),
        (lambda: _native.diameters(X, NORMS, ROWS + 2, 2, 1, None), ValueError, "numbered from 0 to count - 1"),
        (lambda: _native.thin(2, LONGS, LONGS, False, 0), ValueError, "pairs must satisfy 0 <= i < j < count"),
        (lambda: _native.thin(2, LONGS, LONGS + 2, False, 0), ValueError, "pairs must satisfy 0 <= i < j < count"),
        (lambda: _native.hash_ids([1], 0), TypeError, "bad argument type"),
    ],
)
def test_wrong_arguments_raise_and_nothing_is_converted_silently(call, error, message):
    with pytest.raises(error, match=message):
        call()


HALVES = np.arange(6), np.arange(6, 12)


def prepared(members, basis=None, whole=True):
    centre = CENTRE if basis is None else np.zeros(len(basis) + 1, dtype=np.float32)
    return _native.prepared_rows(X, NORMS, 0.6, None, members, basis, centre, 0.01, whole, 1)


def join_blocks(*blocks, rows=X):
    norms = _native.squared_norms(rows, 1, None)
    return _native.BlockJoin(rows, norms, 0.6, None, 0, *(given for block in blocks for given in block))


def moved(memory, by=0):
    """The same bytes elsewhere, so many behind a 64-byte boundary."""
    room = np.empty(len(memory) + 128, dtype=np.uint8)
    place = -room.ctypes.data % 64 + by
    room[place : place + len(memory)] = memory
    return room[place : place + len(memory)]


def test_prepared_rows_may_lie_elsewhere():
    a, b = ((half, prepared(half)) for half in HALVES)
    for memory in (b[1], moved(b[1])):
        join = join_blocks(a, (HALVES[1], memory))
        i, j, _ = join.pairs(0, join.tasks, None)
        close = np.argwhere(similarity.exact_matrix(X)[:6, 6:] < 0.6)
        assert len(close) > 5
        assert sorted([row, other] for row, other in zip(i.tolist(), (j - 6).tolist(), strict=True)) == close.tolist()


def changed(memory, word, by):
    """The same bytes with one of the header's numbers another: rows, kept, stride, whole, offset."""
    memory = moved(memory)
    memory[:40].view(np.int64)[word] += by
    return memory


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a, b: join_blocks(a, (HALVES[1], None)), "the other block's members and prepared rows go together"),
        (lambda a, b: join_blocks(a, (None, b)), "the other block's members and prepared rows go together"),
        (lambda a, b: join_blocks((a[0], moved(a[1], by=8))), "must be whole and start on a 64-byte boundary"),
        (lambda a, b: join_blocks((a[0], a[1][:39])), "must be whole and start on a 64-byte boundary"),
        (lambda a, b: join_blocks((a[0], a[1][:-1])), "are of other rows or dims; prepare them again"),
        (lambda a, b: join_blocks((a[0][:5], a[1])), "are of other rows or dims; prepare them again"),
        (lambda a, b: join_blocks(a, rows=np.tile(X, 20)), "are of other rows or dims; prepare them again"),
        (lambda a, b: join_blocks((a[0], changed(a[1], 1, 2**40))), "are of other rows or dims; prepare them again"),
        (
            lambda a, b: join_blocks((a[0], changed(a[1], 4, 1))),
            "for another kind of CPU; set SYNDR_KERNEL to a kernel",
        ),
        (lambda a, b: join_blocks(a, (HALVES[1], prepared(HALVES[1], whole=False))), "must be prepared alike"),
    ],
)
def test_prepared_rows_that_do_not_fit_are_refused(call, message):
    a, b = ((half, prepared(half)) for half in HALVES)
    with pytest.raises(ValueError, match=message):
        call(a, b[1])


@pytest.mark.parametrize(
    ("text", "seed", "value"),
    [  # the xxHash specification's and its bindings' published values
        ("", 0, 0xEF46DB3751D8E999),
        ("a", 0, 0xD24EC4F1A98C6E5B),
        ("abc", 0, 0x44BC2CF5AD770999),
        ("Nobody inspects the spammish repetition", 0, 0xFBCEA83C8A378BF1),
        ("xxhash", 20141025, 0xB559B98D844E0635),
    ],
)
def test_hash_published_values(text, seed, value):
    assert _native.hash_ids([text], seed).tolist() == [value]
    assert xxh64(text.encode(), seed) == value


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=90), max_size=5), st.integers(0, 2**64 - 1))
def test_hash_equals_the_specification(texts, seed):
    assert _native.hash_ids(texts, seed).tolist() == [xxh64(text.encode(), seed) for text in texts]


SEARCH = """
    import numpy as np, signal, sys, time
    from syndr.search import ExactSearch, split_rows
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it is ignored, as in the background
    rows, _ = split_rows(np.random.default_rng(0).normal(size=(60000, 256)).astype(np.float32), "X", "raise")
    print("ready", flush=True)
    {call}
"""


@pytest.mark.parametrize(
    "call",
    [
        "ExactSearch().components(rows, 1e-3)",
        "ExactSearch().pairs(rows, 1e-3)",
        "ExactSearch().nearest(rows, rows, 3)",
        "ExactSearch().diameters(rows, np.zeros(60000, dtype=np.int64), 1)",
    ],
    ids=["components", "pairs", "nearest", "diameters"],
)
def test_ctrl_c_ends_a_long_call_within_a_second(call, monkeypatch):
    monkeypatch.setenv("SYNDR_KERNEL", "portable")
    code = textwrap.dedent(SEARCH.format(call=call))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.4)
        assert child.poll() is None, "the search was over before it could be interrupted"
        start = time.monotonic()
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=20)
        took = time.monotonic() - start
    assert child.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert "terminate" not in errors
    assert took < 1
