"""The search on a GPU: needs torch, and Triton for its fast kernels."""

from __future__ import annotations

from syndr.search.cuda.backend import CudaSearch
from syndr.search.cuda.tensor_rows import split_tensor_rows

__all__ = ["CudaSearch", "split_tensor_rows"]
