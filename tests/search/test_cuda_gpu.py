"""The CUDA backend on a GPU: the bytes of the exact backend, with Triton's kernels compiled and without them."""

from __future__ import annotations

import feature_cases
import numpy as np
import pytest
from feature_cases import CASES, GAP, RADIUS
from search_cases import assert_same_bytes, many_rows, rows_of, sides

from syndr import _native
from syndr.search import ExactSearch, LabelGap, get_search

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from syndr.search.cuda import CudaSearch, split_tensor_rows  # noqa: E402
from syndr.search.cuda.distances import dots, squared_norms  # noqa: E402
from syndr.search.cuda.filter_rows import COLUMN_TILE, product_error  # noqa: E402
from syndr.search.cuda.tiles import Labels, Panel, Tiles, hits, list_tiles, passing_pairs  # noqa: E402
from syndr.search.cuda.workspace import open_workspace  # noqa: E402

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]

KERNELS = pytest.mark.parametrize("kernels", ["triton", "torch"])
MIB = 2**20


@KERNELS
@pytest.mark.parametrize("dims", [0, 64, 192])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_same_bytes_as_the_exact_backend(name, dtype, dims, kernels):
    X, y = feature_cases.make(name, dtype)
    assert_same_bytes(CudaSearch("cuda", kernels=kernels, dims=dims), rows_of(X), RADIUS, LabelGap(y, GAP))


@KERNELS
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_tensors_stay_where_they_are(dtype, kernels, rng):
    X, y = many_rows(rng, rows=3000, dims=77)
    tensor = torch.from_numpy(X).to("cuda", getattr(torch, dtype))
    for view in (tensor, tensor[:, ::2], tensor[1::3]):
        rows, _ = split_tensor_rows(view, "X", "raise", kernels)
        assert rows.features.device == view.device
        expected = rows_of(view)
        np.testing.assert_array_equal(rows.norms, expected.norms)
        labels = LabelGap(y[: len(view)], GAP)
        assert_same_bytes(CudaSearch("cuda", kernels=kernels), rows, RADIUS, labels, expected)
        for limit in (None, 300_000):  # and as an array on the host, which fits or is streamed
            assert_same_bytes(CudaSearch("cuda", limit, kernels), expected, RADIUS, labels)


@KERNELS
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("dims", [5, 64, 1000])
def test_sums_have_the_native_core_s_bits(dims, dtype, kernels, rng):
    space = open_workspace(torch.device("cuda", 0), None, kernels)
    tensor = torch.from_numpy(rng.normal(size=(500, dims))).to(getattr(torch, dtype))
    i, j = torch.from_numpy(rng.integers(500, size=(2, 9999)))
    there = tensor.cuda()
    X, ones = tensor.double().numpy(), np.ones(500)
    found = dots(there, i.cuda(), there, j.cuda(), space).cpu().numpy()
    np.testing.assert_array_equal(1 - found, _native.pair_distances(X, ones, X, ones, i.numpy(), j.numpy()))
    np.testing.assert_array_equal(squared_norms(there, space).cpu().numpy(), _native.squared_norms(X, 1, None))


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("width", [64, 128, 2048])
def test_hits_of_both_kinds_of_kernels(width, joined, rng):
    """Whole numbers, whose products are exact in any precision."""
    values, others, slack, roots = (side.cuda() for side in sides(rng, 8 * COLUMN_TILE, 9 * COLUMN_TILE, width))
    n = len(values)
    left = Panel(0, values, slack[:n], roots[:n] if joined else None)
    right = Panel(0, others, slack[n:], roots[n:] if joined else None)
    tiles = list_tiles(torch.from_numpy(rng.random((16, 9)) < 0.7).cuda(), 0, 0)
    for bar in (20.0, 90.0):
        found, expected = (
            hits(left, right, tiles, bar, open_workspace(torch.device("cuda", 0), None, kernels))
            for kernels in ("triton", "torch")
        )
        assert torch.equal(found, expected)
        assert found.any()


@pytest.mark.parametrize("width", [64, 256, 2048, 8192])
def test_products_lie_within_the_bound(width):
    """On rows all alike in sign, where the matrix unit's truncations all go one way, and on rows of mixed signs."""
    space = open_workspace(torch.device("cuda", 0), None, "triton")
    generator = torch.Generator("cuda").manual_seed(0)
    wide = torch.randn(2, 4 * COLUMN_TILE, width, device="cuda", generator=generator)
    for rows in (*wide, *wide.abs()):
        values = (rows / rows.norm(dim=1, keepdim=True)).half()
        exact = values.double() @ values.double().T
        none = torch.zeros(len(values), device="cuda")
        panel = Panel(0, values, none, None)
        tiles = list_tiles(torch.ones(8, 4, dtype=torch.bool, device="cuda"), 0, 0)
        bar = float(exact.median())
        words = hits(panel, panel, tiles, bar, space)
        hit = torch.zeros_like(exact, dtype=torch.bool)
        for pair in passing_pairs(words, tiles, Labels(len(values), panel.slack, None), 2**20, space):
            hit[pair] = True
        above = torch.ones_like(hit).triu(1)
        assert hit[above & (exact >= bar + product_error(width))].all()
        assert not hit[exact < bar - product_error(width)].any()


@pytest.mark.parametrize("dims", [0, 128, None])
def test_many_rows(dims, rng):
    X, y = many_rows(rng, rows=40_000, dims=512)
    rows = rows_of(X)
    search = CudaSearch("cuda", dims=dims)
    np.testing.assert_array_equal(search.components(rows, RADIUS, LabelGap(y, GAP)),
                                  ExactSearch().components(rows, RADIUS, LabelGap(y, GAP)))  # fmt: skip
    assert_same_bytes(search, rows.take(np.arange(8000)), RADIUS, LabelGap(y[:8000], GAP))
    assert search.report["kernels"] == "triton"


@pytest.mark.parametrize("dims", [0, 64])
def test_streaming_within_the_memory_limit(dims, tmp_path, rng):
    X, y = many_rows(rng, rows=30_000, dims=512)  # 59 MiB
    np.save(tmp_path / "X.npy", X)
    rows = rows_of(np.load(tmp_path / "X.npy", mmap_mode="r"))
    limit = 48 * MIB
    search = CudaSearch("cuda", memory_limit=limit, dims=dims)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    found = search.components(rows, RADIUS, LabelGap(y, GAP))
    assert torch.cuda.max_memory_allocated() - before < 1.25 * limit
    assert search.report["features_on_device"] is False
    np.testing.assert_array_equal(found, ExactSearch().components(rows, RADIUS, LabelGap(y, GAP)))


def test_a_hundred_thousand_alike_rows():
    rows, _ = split_tensor_rows(torch.ones(100_000, 256, device="cuda"), "X", "raise")
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    search = CudaSearch("cuda", memory_limit=1024 * MIB)
    assert (search.components(rows, RADIUS) == 0).all()
    assert torch.cuda.max_memory_allocated() < 1300 * MIB
    assert search.report["candidates_decided"] < 20 * 100_000  # of 33 million


@KERNELS
def test_nearest(kernels, rng):
    X, _ = many_rows(rng, rows=5000)
    X[1000:1500] = X[:500]  # ties
    queries, groups = X[:700], rng.integers(3, size=5000)
    found = CudaSearch("cuda", kernels=kernels).nearest(rows_of(queries), rows_of(X), 6, groups[:700], groups)
    expected = ExactSearch().nearest(rows_of(queries), rows_of(X), 6, groups[:700], groups)
    for some, others in zip(found, expected, strict=True):
        np.testing.assert_array_equal(some, others)


def test_by_name_and_on_another_device(rng):
    search = get_search("cuda")
    assert search.device == torch.device("cuda", torch.cuda.current_device())
    rows, _ = split_tensor_rows(torch.ones(5, 3), "X", "raise")
    with pytest.raises(ValueError, match="the features lie on cpu, the search runs on cuda:0; move them"):
        search.components(rows, RADIUS)


def test_tiles_of_no_hit_and_of_nothing_but_hits():
    space = open_workspace(torch.device("cuda", 0), None, "triton")
    values = torch.zeros(COLUMN_TILE, 64, dtype=torch.float16, device="cuda")
    panel = Panel(0, values, torch.zeros(COLUMN_TILE, device="cuda"), None)
    tiles = Tiles(*torch.tensor([[0, 1], [0, 0]], dtype=torch.int32, device="cuda"))
    assert (hits(panel, panel, tiles, 0.5, space) == 0).all()
    assert (hits(panel, panel, tiles, -0.5, space) == -1).all()
