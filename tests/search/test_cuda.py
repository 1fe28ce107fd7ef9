"""The CUDA backend on the CPU, in plain torch: the bytes of the exact backend, whatever the filter and the memory."""

from __future__ import annotations

import dataclasses

import feature_cases
import numpy as np
import pytest
from feature_cases import CASES, GAP, RADIUS
from hypothesis import given
from hypothesis import strategies as st
from search_cases import assert_same_bytes, many_rows, rows_of

from syndr.errors import BadRowsError, InputError
from syndr.search import ExactSearch, LabelGap, get_search

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from syndr.search.cuda import CudaSearch, split_tensor_rows  # noqa: E402


@pytest.mark.parametrize("dims", [0, 64, 192])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_same_bytes_as_the_exact_backend(name, dtype, dims):
    X, y = feature_cases.make(name, dtype)
    assert_same_bytes(CudaSearch("cpu", dims=dims), rows_of(X), RADIUS, LabelGap(y, GAP))


@pytest.mark.parametrize("dims", [0, 64, None])
@pytest.mark.parametrize("with_labels", [True, False], ids=["labels", "no labels"])
def test_features_that_do_not_fit_are_streamed(with_labels, dims, rng):
    X, y = many_rows(rng)
    gap = LabelGap(y, GAP) if with_labels else None
    small = CudaSearch("cpu", memory_limit=150_000, dims=dims)
    assert_same_bytes(small, rows_of(X), RADIUS, gap)
    assert small.report["features_on_device"] is False
    assert small.report["filter_rows_on_device"] is False
    middling = CudaSearch("cpu", memory_limit=1_300_000, dims=dims)  # room for the features, many panels
    assert_same_bytes(middling, rows_of(X), RADIUS, gap)
    assert middling.report["features_on_device"] is True
    queries, k = rows_of(X[:90]), 7
    for found, expected in zip(
        small.nearest(queries, rows_of(X), k), ExactSearch(1).nearest(queries, rows_of(X), k), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_a_memory_map_is_read_where_it_lies(tmp_path, rng):
    X, y = many_rows(rng)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    search = CudaSearch("cpu", memory_limit=400_000, dims=64)
    assert_same_bytes(search, rows_of(mapped), RADIUS, LabelGap(y, GAP))
    assert_same_bytes(search, rows_of(mapped[::-1, ::2]), RADIUS, LabelGap(y, GAP))  # strides torch would refuse


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_tensors(dtype, rng):
    X, y = many_rows(rng, rows=600, dims=33)
    tensor = torch.from_numpy(X).to(getattr(torch, dtype))
    for view in (tensor, tensor[:, ::2], tensor.T.contiguous().T, tensor[::3]):
        rows, positions = split_tensor_rows(view, "X", "raise")
        expected = rows_of(view)
        assert rows.features.data_ptr() == view.data_ptr() or view.stride(1) != 1
        np.testing.assert_array_equal(rows.norms, expected.norms)
        np.testing.assert_array_equal(positions, np.arange(len(view)))
        labels = LabelGap(y[: len(view)], GAP)
        assert_same_bytes(CudaSearch("cpu"), rows, RADIUS, labels, expected)
        assert_same_bytes(CudaSearch("cpu", memory_limit=10_000), rows, RADIUS, labels, expected)
        for limit in (None, 10_000):  # and as an array on the host, bfloat16 in two bytes that NumPy cannot read
            assert_same_bytes(CudaSearch("cpu", memory_limit=limit, dims=64), expected, RADIUS, labels)


def test_tensors_against_arrays_on_the_host(rng):
    X, _ = many_rows(rng, rows=600)
    tensor_rows, _ = split_tensor_rows(torch.from_numpy(X[:50]).bfloat16(), "queries", "raise")
    expected = ExactSearch(1).nearest(rows_of(torch.from_numpy(X[:50]).bfloat16()), rows_of(X), 3)
    found = CudaSearch("cpu", memory_limit=200_000).nearest(tensor_rows, rows_of(X), 3)
    for some, others in zip(found, expected, strict=True):
        np.testing.assert_array_equal(some, others)


def test_bad_rows_of_a_tensor():
    X = torch.ones(6, 3)
    X[1, 1], X[3], X[4, 0] = torch.nan, 0, torch.inf
    with pytest.raises(BadRowsError, match=r"X: 3 of 6 rows have no usable direction, first: 1 \(NaN.*3 \(zero norm\)"):
        split_tensor_rows(X, "X", "raise")
    rows, positions = split_tensor_rows(X, "X", "set_aside")
    assert positions.tolist() == [0, 2, 5]
    assert CudaSearch("cpu").components(rows, RADIUS).tolist() == [0, 0, 0]
    with pytest.raises(InputError, match="on_bad_rows must be"):
        split_tensor_rows(X, "X", "ignore")
    with pytest.raises(InputError, match=r"X must have shape \(rows, dims\) with dims > 0, not \(6,\)"):
        split_tensor_rows(X[:, 0], "X", "raise")
    with pytest.raises(InputError, match=r"X must be float16, bfloat16, float32 or float64, not torch.int64"):
        split_tensor_rows(X.long(), "X", "raise")


@given(data=st.data())
def test_pairs_close_to_the_radius(data):
    """Each pair in a plane of its own, 1e-12 to 1e-6 off the radius: half precision sees none of it."""
    radius = data.draw(st.sampled_from([1e-3, 0.1, 0.28, 1.0, 1.7]))
    offsets = data.draw(st.lists(st.floats(-12, -6), min_size=1, max_size=12))
    signs = data.draw(st.lists(st.sampled_from([-1, 1]), min_size=len(offsets), max_size=len(offsets)))
    dims = data.draw(st.sampled_from([0, 64]))
    X = np.zeros((2 * len(offsets), 2 * len(offsets)))
    for n, (exponent, sign) in enumerate(zip(offsets, signs, strict=True)):
        angle = np.arccos(1 - radius - sign * 10.0**exponent)
        X[2 * n, 2 * n] = 1
        X[2 * n + 1, 2 * n : 2 * n + 2] = np.cos(angle), np.sin(angle)
    turn, _ = np.linalg.qr(np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=(len(X), len(X))))
    lengths = 10.0 ** np.array(data.draw(st.lists(st.integers(-20, 18), min_size=len(X), max_size=len(X))))
    assert_same_bytes(CudaSearch("cpu", dims=dims), rows_of(X @ turn * lengths[:, None]), radius)


@given(data=st.data())
def test_label_gaps_at_the_limit(data):
    """Labels on a grid of the gap's own size, over several tiles: many differences lie exactly on it."""
    rows = data.draw(st.integers(1, 600))
    gap = data.draw(st.sampled_from([0.1, 0.3, 1.0]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    labels = gap * rng.integers(data.draw(st.sampled_from([2, 30, 3000])), size=rows)
    X = np.ones((rows, 1)) if rows <= 300 else rng.normal(size=(rows, 2))
    search = CudaSearch("cpu")
    assert_same_bytes(search, rows_of(X), 0.01, LabelGap(labels, gap))


@pytest.mark.parametrize(("low", "high", "meet"), [(0.0, 0.999, True), (3.1, 4.1, True), (3.0, 4.0, False)])
def test_gaps_between_whole_tiles(low, high, meet):
    labels = np.repeat([low, high], 256)  # 4.1 - 3.1 falls short of 1 in float64
    search = CudaSearch("cpu")
    components = search.components(rows_of(np.ones((512, 2))), RADIUS, LabelGap(labels, 1.0))
    assert components.tolist() == [0] * 256 + [0 if meet else 1] * 256
    assert search.report["tiles_skipped_by_label"] == (0 if meet else 2)


def test_alike_rows_cost_few_decisions():
    rows = rows_of(np.ones((30_000, 4), dtype=np.float32))
    search = CudaSearch("cpu", dims=0)
    assert (search.components(rows, RADIUS) == 0).all()
    report = search.report
    assert report["candidates_decided"] < 6 * 30_000
    assert report["tiles_multiplied"] < 3 * 30_000 // 128  # of 27,691: those around the diagonal
    assert report["tiles_multiplied"] + report["tiles_skipped_as_joined"] == report["tiles"]


def test_a_few_dense_clusters_cost_few_decisions(rng):
    centres = rng.normal(size=(10, 16))
    X = centres[rng.integers(10, size=12_000)] + 0.01 * rng.normal(size=(12_000, 16))
    search = CudaSearch("cpu", dims=0)
    assert search.components(rows_of(X), RADIUS).max() == 9
    assert search.report["candidates_decided"] < 12 * 12_000  # of 7 million


def test_leading_directions_where_they_pay(rng):
    few = rng.normal(size=(6000, 12)) @ rng.normal(size=(12, 300)) + 0.02 * rng.normal(size=(6000, 300))
    search = CudaSearch("cpu")
    assert_same_bytes(search, rows_of(few.astype(np.float32)), RADIUS)
    assert search.report["mode"] == "principal directions"
    assert search.report["dims_kept"] == 63
    assert search.report["candidates"] <= 1.2 * search.report["edges"] + 100


def test_a_flat_spectrum_takes_the_full_product(rng):
    flat = rng.normal(size=(5000, 300)).astype(np.float32)
    search = CudaSearch("cpu")
    assert_same_bytes(search, rows_of(flat), 0.6)
    assert search.report["mode"] == "full product"
    assert "cheapest by the share" in search.report["reason"]


def test_the_report(rng):
    X, y = many_rows(rng)
    search = CudaSearch("cpu")
    assert search.report == {}
    edges = len(search.pairs(rows_of(X), RADIUS, LabelGap(y, GAP)))
    report = search.report
    assert report["edges"] == edges <= report["candidates"]
    assert report["tiles"] == report["tiles_multiplied"] + report["tiles_skipped_by_label"]
    assert report["tiles_skipped_by_label"] > 0
    assert {"upload", "filter rows", "tiles", "unpack", "decide", "sort", "total"} <= report["seconds"].keys()
    assert report["seconds"]["total"] >= report["seconds"]["tiles"] > 0
    assert report["tflops"] > 0
    assert (report["device"], report["kernels"], report["dims"], report["width"]) == ("CPU", "torch", 70, 128)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "tpu"}, "device='tpu' is no torch device"),
        ({"device": "meta"}, "device must be a CUDA device or the CPU, not meta"),
        ({"device": "cpu", "memory_limit": 0}, "memory_limit must be a positive number of bytes, or None, not 0"),
        ({"device": "cpu", "dims": 100}, "dims must be a multiple of 64, 0 for all, or None to choose, not 100"),
        ({"device": "cpu", "kernels": "cuda"}, 'kernels must be "auto", "triton" or "torch", not \'cuda\''),
    ],
)
def test_arguments_that_cannot_be(arguments, message):
    with pytest.raises(InputError, match=message):
        CudaSearch(**arguments)


def test_a_cuda_device_beyond_those_there_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(InputError, match="there is no cuda:2; torch sees 2 CUDA devices"):
        CudaSearch("cuda:2")


def test_a_tensor_must_lie_where_the_search_runs():
    rows, _ = split_tensor_rows(torch.ones(4, 3), "X", "raise")
    elsewhere = dataclasses.replace(rows, features=rows.features.to("meta"))
    for search in (CudaSearch("cpu").pairs, CudaSearch("cpu").components):
        with pytest.raises(InputError, match="the features lie on meta, the search runs on cpu; move them"):
            search(elsewhere, RADIUS)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_no_cuda_device():
    with pytest.raises(InputError, match='torch sees no CUDA device here; use search="exact"'):
        get_search("cuda")
