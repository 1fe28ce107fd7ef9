"""The Triton kernels without a GPU: run by Triton's interpreter, and compiled for one; test_cuda.py runs them there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

triton = pytest.importorskip("triton", reason="Triton is not installed")

from triton.backends.compiler import GPUTarget  # noqa: E402
from triton.compiler import ASTSource  # noqa: E402

from syndr.distort import triton_kernels as kernels  # noqa: E402


def test_by_triton_s_interpreter():
    tests = Path(__file__).with_name("interpreted_triton.py")
    command = [sys.executable, "-m", "pytest", str(tests), "-p", "no:cacheprovider"]
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tests.parents[2])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


SIZES = dict.fromkeys(
    ("channels", "height", "width", "size", "most", "step", "passes", "count", "draw", "type_"), "i32"
)
POINTERS = {"taps": "*fp64", "matrix": "*fp64", "seeds": "*i64", "levels": "*i64"}
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
    source = ASTSource(fn=kernel, signature=types | dict.fromkeys(constants, "constexpr"), constexprs=constants)
    assert "st.global" in triton.compile(source, target=GPUTarget("cuda", 90, 32)).asm["ptx"]
