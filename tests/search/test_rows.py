"""Features as they come: layouts without a copy, bad rows, labels, ids and groups with messages one can act on."""

from __future__ import annotations

import feature_cases
import numpy as np
import pytest

from syndr.errors import BadRowsError, InputError, MissingExtraError
from syndr.search import (
    ExactSearch,
    LabelGap,
    as_matrix,
    check_groups,
    check_ids,
    check_labels,
    check_same_dims,
    get_search,
    split_rows,
)


def layouts(X, tmp_path):
    """The same numbers in every layout a user may bring."""
    torch = pytest.importorskip("torch")
    np.save(tmp_path / "features.npy", X)
    spread = np.zeros((2 * len(X), 3 * X.shape[1]), dtype=X.dtype)
    spread[::2, ::3] = X
    packed = np.zeros(len(X), dtype=[("tag", "i1"), ("row", X.dtype, X.shape[1:])])  # rows at odd addresses
    packed["row"] = X
    reverse_rows, reverse_both = X[::-1].copy()[::-1], X[::-1, ::-1].copy()[::-1, ::-1]
    yield from {
        "C order": X,
        "Fortran order": np.asfortranarray(X),
        "transposed": np.ascontiguousarray(X.T).T,
        "strided": spread[::2, ::3],
        "negative row stride": reverse_rows,
        "negative strides": reverse_both,
        "unaligned": packed["row"],
        "read-only memory map": np.load(tmp_path / "features.npy", mmap_mode="r"),
        "torch": torch.from_numpy(X.copy()),
        "torch transposed": torch.from_numpy(np.ascontiguousarray(X.T)).T,
        "torch strided": torch.from_numpy(spread)[::2, ::3],
        "torch with gradient": torch.from_numpy(X.copy()).requires_grad_(),
    }.items()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_layouts_are_taken_without_a_copy_and_change_nothing(dtype, tmp_path):
    X, y = feature_cases.make("clustered", dtype)
    search, limit = ExactSearch(), LabelGap(y, 1.0)
    expected = search.pairs(split_rows(X, "X", "raise")[0], 0.1, limit)
    for name, given in layouts(X, tmp_path):
        matrix = as_matrix(given)
        np.testing.assert_array_equal(matrix, X, err_msg=name)
        assert matrix.dtype == dtype, name
        source = given.detach().numpy() if name.startswith("torch") else given
        assert np.shares_memory(matrix, source), name
        found = search.pairs(split_rows(given, "X", "raise")[0], 0.1, limit)
        for part in ("i", "j", "distance"):
            assert getattr(found, part).tobytes() == getattr(expected, part).tobytes(), name


def test_one_row_repeated_by_a_zero_stride():
    X = np.broadcast_to(np.arange(1.0, 6.0), (30, 5))
    assert ExactSearch().components(split_rows(X, "X", "raise")[0], 0.1).max() == 0


def test_other_numbers_are_converted(rng):
    torch = pytest.importorskip("torch")
    whole = rng.integers(0, 100, size=(6, 4))
    for given in (whole.astype(np.uint8), whole.tolist(), whole.astype(">f4"), whole.astype(np.longdouble), whole > 50):
        matrix = as_matrix(given)
        assert matrix.dtype.isnative
        assert matrix.dtype in (np.float32, np.float64)
        np.testing.assert_array_equal(matrix, np.asarray(given).astype(np.float64))
    half = torch.tensor(whole, dtype=torch.bfloat16)
    assert as_matrix(half).ctypes.data == half.data_ptr()  # not copied, though NumPy has no such type


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones(3), r"X must have shape \(rows, dims\) with dims > 0, not \(3,\)"),
        (np.ones((2, 2, 2)), r"not \(2, 2, 2\)"),
        (np.ones((4, 0)), r"not \(4, 0\)"),
        (np.ones((2, 2), dtype=complex), "X must hold real numbers, not complex128"),
        ([["a", "b"]], "X must hold real numbers, not <U1"),
        ([[1, 2], [3]], "X is not a matrix"),
        (None, "X must have shape"),
    ],
)
def test_what_is_no_matrix(given, message):
    with pytest.raises(InputError, match=message):
        as_matrix(given)


def bad_rows(dtype=np.float32):
    X = np.ones((20, 3), dtype=dtype)
    X[3] = 0
    X[5, 1] = np.nan
    X[7, 2] = np.inf
    X[9, 0] = -np.inf
    return X


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_bad_rows_raise_with_their_names_and_faults(dtype):
    with pytest.raises(BadRowsError) as caught:
        split_rows(bad_rows(dtype), "X", "raise")
    message = str(caught.value)
    assert message.startswith("X: 4 of 20 rows have no usable direction, first: 3 (zero norm), 5 (NaN")
    assert "infinity" in message
    assert 'on_bad_rows="set_aside"' in message
    with pytest.raises(BadRowsError, match=r"first: img3 \(zero norm\), img5"):
        split_rows(bad_rows(dtype), "X", "raise", [f"img{row}" for row in range(20)])


def test_at_most_ten_bad_rows_are_named():
    with pytest.raises(BadRowsError) as caught:
        split_rows(np.zeros((500, 2)), "X", "raise")
    assert str(caught.value).count("zero norm") == 10
    assert "500 of 500" in str(caught.value)


def test_bad_rows_set_aside():
    rows, positions = split_rows(bad_rows(), "X", "set_aside")
    np.testing.assert_array_equal(positions, np.setdiff1d(np.arange(20), [3, 5, 7, 9]))
    assert len(rows) == len(rows.norms) == 16
    assert np.isfinite(rows.features).all()


@pytest.mark.parametrize(("size", "usable"), [(1e-139, True), (1e-141, False), (1e139, True), (1e141, False)])
def test_lengths_whose_squares_leave_float64(size, usable):
    X = np.full((2, 1), size)
    assert len(split_rows(X, "X", "set_aside")[0]) == (2 if usable else 0)
    if not usable:
        with pytest.raises(BadRowsError, match="norm o"):
            split_rows(X, "X", "raise")


def test_unknown_policy():
    with pytest.raises(InputError, match='on_bad_rows must be "raise" or "set_aside", not \'ignore\''):
        split_rows(np.ones((1, 1)), "X", "ignore")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1.0, 2.0], r"y must have one entry for each of the 3 rows, not shape \(2,\)"),
        ([[1.0], [2.0], [3.0]], r"not shape \(3, 1\)"),
        ([1.0, np.nan, np.inf], r"y: 2 labels are NaN or infinite, first rows \[1, 2\]"),
        ([1.0, None, 2.0], "y: 1 labels are NaN"),
        (["good", "bad", "ugly"], "y must hold numbers: could not convert"),
    ],
)
def test_labels(labels, message):
    with pytest.raises(InputError, match=message):
        check_labels(labels, 3)


def test_ids():
    assert check_ids(None, 3) == ["0", "1", "2"]
    assert check_ids(np.array([7, 8]), 2) == ["7", "8"]
    with pytest.raises(InputError, match="ids must have one entry for each of the 3 rows, not 2"):
        check_ids(["a", "b"], 3)
    with pytest.raises(InputError, match=r"ids must be unique; 2 occur again, first \['b', 'a'\]"):
        check_ids(["a", "b", "b", "a"], 4)


def test_groups():
    assert check_groups([True, False], 2, "groups").dtype == np.int64
    with pytest.raises(InputError, match=r"groups must have one entry for each of the 3 rows, not shape \(2,\)"):
        check_groups([1, 2], 3, "groups")
    with pytest.raises(InputError, match="groups must be integers, not <U1"):
        check_groups(["a", "b"], 2, "groups")
    with pytest.raises(InputError, match="groups must be integers, not float64"):
        check_groups([0.5, 1.0], 2, "groups")


def test_dims_must_agree():
    first, second = (split_rows(np.ones((2, dims)), "X", "raise")[0] for dims in (3, 4))
    with pytest.raises(InputError, match="a and b have 3 and 4 dims; they must come from the same backbone"):
        check_same_dims(first, second, "a and b")


def test_backends_by_name(monkeypatch):
    mine = ExactSearch(1)
    assert get_search(mine) is mine
    assert get_search("auto").name == "auto"
    with pytest.raises(
        InputError, match="no search backend 'annoy'; there are auto, exact, cuda, ray, faiss-flat, faiss-ivf"
    ):
        get_search("annoy")
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    for name in ("faiss", "faiss-flat", "faiss-ivf", "faiss-hnsw"):
        with pytest.raises(MissingExtraError, match=r"faiss cannot be imported .*pip install 'syndr\[faiss\]'"):
            get_search(name)
