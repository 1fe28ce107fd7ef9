"""The Triton kernels without a GPU: run by Triton's interpreter, and compiled for one; test_cuda.py runs them there."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("triton", reason="Triton is not installed")

from triton_runs import check_by_interpreter, compiled

from syndr.distort import triton_kernels as kernels


def test_by_triton_s_interpreter():
    check_by_interpreter(Path(__file__).with_name("interpreted_triton.py"))


SIZES = dict.fromkeys(
    ("channels", "height", "width", "size", "most", "step", "passes", "count", "draw", "type_"), "i32"
)
POINTERS = {"taps": "*fp64", "matrix": "*fp64", "seeds": "*i64", "levels": "*i64"}
POINTERS["which"] = "*i64"
POINTERS |= dict.fromkeys(("starts", "reach", "corners", "counts"), "*i32")


@pytest.mark.parametrize("dtype", ["fp32", "fp64"])
@pytest.mark.parametrize(
    ("kernel", "constants"),
    [
        (kernels.draw_kernel, {"NORMAL": True, "WORDS": False, "BLOCK": 256}),
        (kernels.draw_kernel, {"NORMAL": False, "WORDS": False, "BLOCK": 256}),
        (kernels.correlate_kernel, {"BLOCK": 512}),
        (kernels.warp_kernel, {"BLOCK": 512}),
        (kernels.patch_kernel, {"SIDE": 16, "BLOCK": 512}),
        (kernels.block_kernel, {"SIDE": 32, "BLOCK": 512}),
        (kernels.lab_kernel, {"FORWARD": True, "BLOCK": 512}),
        (kernels.lab_kernel, {"FORWARD": False, "BLOCK": 512}),
    ],
)
def test_compiles(kernel, constants, dtype):
    names = [name for name in kernel.arg_names if name not in constants]
    types = {name: (SIZES | POINTERS).get(name, f"*{dtype}") for name in names}
    assert "st.global" in compiled(kernel, 90, types, constants)
