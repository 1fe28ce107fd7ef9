"""Triton's kernels without a GPU: tests run by its interpreter, and kernels compiled for cards that are not here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import triton
from triton.backends import compiler
from triton.compiler import ASTSource


def check_by_interpreter(tests: Path) -> None:
    """Run a test file in a process of its own: the interpreter is chosen when Triton is imported."""
    command = [sys.executable, "-m", "pytest", str(tests), "-p", "no:cacheprovider"]
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tests.parents[2])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


def compiled(kernel, capability, types, constants, **options):
    """Give a kernel's PTX; pointers and sizes are multiples of 16, as they are in use."""
    aligned = [n for n, kind in enumerate(types.values()) if kind != "fp32"]
    if hasattr(compiler, "AttrsDescriptor"):  # Triton 3.2, which torch 2.6 brings
        source = ASTSource(kernel, types, constants, compiler.AttrsDescriptor.from_hints(dict.fromkeys(aligned, 16)))
    else:
        signature = {**types, **dict.fromkeys(constants, "constexpr")}
        source = ASTSource(kernel, signature, constants, {(n,): [["tt.divisibility", 16]] for n in aligned})
    target = compiler.GPUTarget("cuda", capability, 32)
    return triton.compile(source, target=target, options=options).asm["ptx"]
