"""The deciding distance on the device: the same bits as csrc/kernels/exact_body.hpp, whatever computes them."""

from __future__ import annotations

import torch
from torch import Tensor

from syndr.search.cuda.workspace import Workspace

_LANES = 8  # the order of summation: see csrc/kernels/exact_body.hpp
_PAIRS, _FEW_PAIRS = 2**22, 2**8  # at a time


def squared_norms(features: Tensor, space: Workspace) -> Tensor:
    """Give each row's squared Euclidean norm in the fixed order: (rows,) float64."""
    rows = torch.arange(len(features), device=features.device)
    return dots(features, rows, features, rows, space)


def cosine_distances(dot: Tensor, length_a: Tensor, length_b: Tensor) -> Tensor:
    """Give 1 - dot / (|a| |b|), rounded after each step as the native core does."""
    return 1.0 - dot / (length_a * length_b)


def dots(first: Tensor, i: Tensor, second: Tensor, j: Tensor, space: Workspace) -> Tensor:
    """Give the inner products of ``first[i]`` and ``second[j]``, summed in the fixed order.

    Args:
        first: (rows, dims), any floating type, on the device; elements of a row side by side.
        i: (pairs,) int64 rows.
        second: The same for the other side.
        j: (pairs,) int64 rows.
        space: Device, memory and kernels.

    Returns:
        (pairs,) float64.
    """
    lanes_of = _triton_lanes if space.triton else _torch_lanes
    # Of a pair, the kernel leaves its lanes; plain torch holds both rows, their product and temporaries in float64.
    held = 2 * 8 * _LANES if space.triton else 4 * 8 * first.shape[1]
    size = max(_FEW_PAIRS, min(_PAIRS, space.rows(16, held)))
    parts = [
        _fold(lanes_of(first, some_i, second, some_j))
        for some_i, some_j in zip(torch.split(i, size), torch.split(j, size), strict=True)
    ]
    return torch.cat(parts)


def _fold(lanes: Tensor) -> Tensor:
    pairs = lanes[:, 0::2] + lanes[:, 1::2]
    fours = pairs[:, 0::2] + pairs[:, 1::2]
    return fours[:, 0] + fours[:, 1]


def _torch_lanes(first: Tensor, i: Tensor, second: Tensor, j: Tensor) -> Tensor:
    products = first[i].double() * second[j].double()
    total = torch.zeros(len(i), _LANES, dtype=torch.float64, device=first.device)
    for start in range(0, products.shape[1], _LANES):
        step = products[:, start : start + _LANES]
        total[:, : step.shape[1]] += step
    return total


def _triton_lanes(first: Tensor, i: Tensor, second: Tensor, j: Tensor) -> Tensor:
    from syndr.search.cuda.kernels import lanes_kernel

    block = 32
    lanes = torch.empty(len(i), _LANES, dtype=torch.float64, device=first.device)
    if len(i):
        with torch.cuda.device_of(lanes):  # type: ignore[no-untyped-call]
            lanes_kernel[(-(-len(i) // block),)](
                first, second, i, j, lanes, len(i), first.shape[1], first.stride(0), second.stride(0),
                BLOCK=block, UNROLL=8, num_warps=4, enable_fp_fusion=False,
            )  # fmt: skip
    return lanes
