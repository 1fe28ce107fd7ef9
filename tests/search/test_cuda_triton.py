"""The Triton kernels without a GPU: run by Triton's interpreter, and compiled for cards that are not here.

test_cuda_gpu.py runs what is compiled.
"""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra torch is not installed")
pytest.importorskip("triton", reason="Triton is not installed")

from triton_runs import check_by_interpreter, compiled

from syndr.search.cuda import join_kernels, kernels
from syndr.search.cuda.filter_rows import COLUMN_TILE, DIMS_STEP, ROW_TILE


def test_the_kernels_by_triton_s_interpreter():
    check_by_interpreter(Path(__file__).with_name("interpreted_triton.py"))


@pytest.mark.parametrize(("capability", "product"), [(80, "mma.sync"), (90, "wgmma.mma_async")])
@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("stages", [1, 2, 4])
def test_hits_compile_to_matrix_instructions(capability, product, joined, stages):
    halves, floats, ints = "*fp16", "*fp32", "*i32"
    types = {
        "left": halves, "right": halves, "left_slack": floats, "right_slack": floats, "left_roots": ints,
        "right_roots": ints, "tile_a": ints, "tile_b": ints, "words": ints, "bar": "fp32", "dims": "i32",
    }  # fmt: skip
    constants = {"JOINED": joined, "BLOCK_A": ROW_TILE, "BLOCK_B": COLUMN_TILE, "BLOCK_K": DIMS_STEP}
    ptx = compiled(kernels.hits_kernel, capability, types, constants, num_warps=8, num_stages=stages)
    assert product in ptx
    assert "st.global" in ptx


@pytest.mark.parametrize("dtype", ["fp16", "bf16", "fp32", "fp64"])
def test_sums_compile_without_contraction(dtype):
    types = {
        "first": f"*{dtype}", "second": f"*{dtype}", "i": "*i64", "j": "*i64", "lanes": "*fp64", "pairs": "i32",
        "dims": "i32", "first_stride": "i32", "second_stride": "i32",
    }  # fmt: skip
    ptx = compiled(kernels.lanes_kernel, 90, types, {"BLOCK": 32, "UNROLL": 8}, num_warps=4, enable_fp_fusion=False)
    assert "mul.rn.f64" in ptx  # with its rounding named, the assembler may not contract it either
    assert "add.rn.f64" in ptx
    assert "fma.rn.f64" not in ptx


@pytest.mark.parametrize("options", [{"LABELLED": labelled, "WRITE": write} for labelled in (0, 1) for write in (0, 1)])
def test_listing_compiles(options):
    types = {"words": "*i32", "tile_a": "*i32", "tile_b": "*i32", "labels": "*fp64", "gap": "*fp64", "rows": "i32"}
    types |= dict.fromkeys(("offsets", "first", "second"), "*i64")
    constants = {name: bool(value) for name, value in options.items()} | {"BLOCK_A": ROW_TILE, "BLOCK_B": COLUMN_TILE}
    assert "st.global" in compiled(join_kernels.list_pairs_kernel, 90, types, constants, num_warps=4)


@pytest.mark.parametrize("dtype", ["fp16", "bf16", "fp32", "fp64"])
def test_halving_compiles(dtype):
    types = {"features": f"*{dtype}", "lengths": "*fp64", "place": "*i64", "values": "*fp16", "slack": "*fp32"}
    types |= dict.fromkeys(("rows", "dims", "stride", "width"), "i32") | {"margin": "fp32"}
    ptx = compiled(join_kernels.halve_kernel, 90, types, {"BLOCK": 4, "BLOCK_K": 256}, num_warps=4)
    assert "div.rn.f64" in ptx


def test_deciding_compiles_to_wide_loads_and_joining_to_an_atomic_minimum():
    sets = {"roots": "*i64", "i": "*i64", "j": "*i64", "verdicts": "*i8", "pairs": "i32"}
    types = {"roots": "*i64", "values": "*fp16", "slack": "*fp32", "place": "*i64"} | sets
    types |= {"width": "i32", "low": "fp32", "high": "fp32"}
    ptx = compiled(join_kernels.decide_kernel, 90, types, {"BLOCK": 16, "BLOCK_K": 256}, num_warps=4)
    assert "v4.b32" in ptx  # sixteen bytes a thread at a time
    assert "min.s64" in compiled(join_kernels.hook_kernel, 90, sets, {"BLOCK": 256}, num_warps=4)
    flat = compiled(join_kernels.flatten_kernel, 90, {"roots": "*i64", "rows": "i32"}, {"BLOCK": 1024})
    assert "ld.global.cg" in flat
