"""How many dimensions the filter keeps: the leading directions of a sample, if a second sample says that they pay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from syndr.search.cuda.features import Features
from syndr.search.cuda.filter_rows import DIMS_STEP, ORTHONORMAL, filter_width, reduced
from syndr.search.cuda.workspace import Workspace

_SAMPLE = 2048  # rows to find the directions, and as many others to try them
_SMALLEST_SAMPLE = 512
_WIDTHS = (64, 128, 256)  # of filter rows: one column is for the rest
_POWERS = 2  # of the sample's second moments (Halko, Martinsson and Tropp 2011, algorithm 4.3)
_NEAR = 1e-3  # about what half precision adds to the radius

#: Deciding one pair moves two whole rows through memory; a tile gets a pair's multiply-add out of registers. So one
#: candidate costs about this many multiply-adds for each of its dimensions (rates of an H200): with Triton, which lists
#: candidates and decides them in half precision (700,000 rows: 1.6 ns each beside tiles of 1.4e14/s), and without.
_COST_OF_CANDIDATE = {True: 110, False: 800}

#: Multiply-adds of the whole search below which looking for directions takes longer than it saves.
_WORTH_A_SAMPLE = {"cuda": 1e14, "cpu": 1e9}


@dataclass(frozen=True)
class Choice:
    """What the filter keeps.

    Attributes:
        basis: (dims, k) float64, orthonormal; None for all dimensions.
        reason: Why, in words.
    """

    basis: Tensor | None
    reason: str


def choose_basis(features: Features, radius: float, pairs: float, dims: int | None, space: Workspace) -> Choice:
    """Choose between the full product and some number of leading directions.

    Args:
        features: The rows.
        radius: The search's.
        pairs: How many pairs the search multiplies.
        dims: Width of the filter rows that the user wants: a multiple of 64; 0 for all dimensions; None to choose.
        space: Device and memory.
    """
    if dims == 0:
        return Choice(None, "asked for")
    worth = _WORTH_A_SAMPLE["cuda" if space.device.type == "cuda" else "cpu"]
    if dims is None and (features.dims <= 2 * _WIDTHS[0] or pairs * features.dims < worth):
        return Choice(None, "too little work to look for leading directions")
    most = min(_SAMPLE, space.rows(16, 8 * features.dims))
    if dims is None and most < _SMALLEST_SAMPLE:
        return Choice(None, "the memory limit leaves no room for a sample")
    drawn = np.random.default_rng(0).choice(len(features), min(len(features), 2 * most), replace=False)
    half = (len(drawn) + 1) // 2
    basis = _leading(features.unit_rows(np.sort(drawn[:half])), max(dims or 0, *_WIDTHS) - 1)
    defect = basis.T @ basis - torch.eye(basis.shape[1], dtype=torch.float64, device=basis.device)
    if not float(torch.linalg.matrix_norm(defect)) <= ORTHONORMAL:
        return Choice(None, "the sample gave no orthonormal directions")
    if dims is not None:
        return Choice(basis[:, : dims - 1].contiguous(), "asked for")
    return _cheapest(features.unit_rows(np.sort(drawn[half:])), basis, radius, _COST_OF_CANDIDATE[space.triton])


def _leading(sample: Tensor, most: int) -> Tensor:
    """Give about the leading principal directions (not centred), first ones first: (dims, at most ``most``)."""
    dims = sample.shape[1]
    generator = torch.Generator(sample.device).manual_seed(0)
    directions = torch.randn(dims, min(dims, most), dtype=sample.dtype, generator=generator, device=sample.device)
    for _ in range(_POWERS):
        directions = sample.T @ (sample @ directions)
    directions, _ = torch.linalg.qr(directions)
    # Rotated within what they span, so that the first k of them are the best k.
    along = sample @ directions
    _, turn = torch.linalg.eigh(along.T @ along)
    return directions @ turn.flip(1)


def _cheapest(sample: Tensor, basis: Tensor, radius: float, candidate: int) -> Choice:
    """Estimate the cost of each width from the pairs of a sample that its filter lets through."""
    dims = sample.shape[1]
    bar = 1 - radius - _NEAR
    passing = {filter_width(dims): _share(sample, bar)}
    for width in _WIDTHS:
        if width < dims // 2 and width <= basis.shape[1] + 1:
            passing[width] = _share(reduced(sample, basis[:, : width - 1]), bar)
    cost = {width: width + DIMS_STEP + share * candidate * dims for width, share in passing.items()}
    best = min(cost, key=cost.__getitem__)
    said = ", ".join(f"{width}: {share:.2e}" for width, share in sorted(passing.items()))
    reason = f"cheapest by the share of a sample's pairs that each width lets through ({said})"
    return Choice(None if best == filter_width(dims) else basis[:, : best - 1].contiguous(), reason)


def _share(rows: Tensor, bar: float) -> float:
    products = rows @ rows.T
    return float((products >= bar).double().triu(1).sum()) / max(1, len(rows) * (len(rows) - 1) // 2)
