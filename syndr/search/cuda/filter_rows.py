"""Rows in half precision whose products bound the cosine from above: they only ever reject a pair.

Let u, v be two rows scaled to unit length. A filter row a of u has either all its coordinates, or (``basis`` W, of k
orthonormal directions) those of the projection c = Wᵀu and one more, r >= |u - W c|. By Cauchy-Schwarz
<u, v> = <c_u, c_v> + <u - W c_u, v - W c_v> <= <c_u, c_v> + r_u r_v, so <a_u, a_v> is never below <u, v>.

What is multiplied is h = a rounded to half precision, with the error e = |a - h| measured for each row in float64. With
|h| <= 1 + e and e <= 2^-10 (half precision has a unit roundoff of 2^-11; subnormals add 2^-25 a coordinate),

    <a_u, a_v> <= <h_u, h_v> + e_u (1 + e_v) + e_v (1 + e_u) + e_u e_v <= <h_u, h_v> + slack_u + slack_v,

where slack = e (1 + 2^-9). The products of two halves are exact in float32. A matrix unit may cut each summand and each
running sum to 24 bits of the largest one at hand (Fasi et al. 2021, "Numerical behavior of NVIDIA tensor cores"; plain
float32 sums, in any order, do better): K products, at most as many running sums, each losing less than 2^-23 of what by
Cauchy-Schwarz is at most |h_u| |h_v| < 1.01. So a pair may be dropped when

    product < 1 - radius - accumulation(K) - float64 - float32 - slack_u - slack_v,

with ``float64`` for what is left out above (unit rows, projection, W's orthonormality and d64's own rounding) and
``float32`` for computing this very sum in single precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from syndr.search.cuda.features import Features
from syndr.search.cuda.workspace import Workspace

ROW_TILE, COLUMN_TILE = 128, 256  # rows of the two sides of a tile
DIMS_STEP = 64  # filter rows are padded with zeros to a multiple
ORTHONORMAL = 1e-10  # how far from orthonormal a basis may be: the Frobenius norm of WᵀW - I

FLOAT32 = 2.0**-20  # three roundings of numbers below 4

_SLACK = (1 + 2.0**-9) * (1 + 2.0**-19)  # of what rounding has lost; the last factor rounds up


def float64_error(dims: int) -> float:
    """Bound what float64 leaves uncertain: 1e-9 for a basis orthonormal to 1e-10, and roundings in sums of ``dims``."""
    return 1e-9 + dims * 2.0**-49


def product_error(width: int) -> float:
    """Bound how far a float32 product of filter rows may lie from the true one, and the sum it is compared with."""
    return 1.01 * (2 * width + 64) * 2.0**-23 + FLOAT32


@dataclass(frozen=True)
class FilterRows:
    """Filter rows in a given order, padded to whole tiles with rows that are never hit.

    Attributes:
        values: (padded, width) float16.
        slack: (padded,) float32 on the device, -inf for padding.
        error: What a product may be short of the true one besides the slacks of its two rows.
        on_host: Whether ``values`` stay on the host, in pinned memory, because the device has no room for them.
    """

    values: Tensor
    slack: Tensor
    error: float
    on_host: bool

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.values.shape[1]

    def panel(self, start: int, stop: int) -> Tensor:
        """Give some of the rows on the device."""
        return self.values[start:stop].to(self.slack.device, non_blocking=True)


def build_filter_rows(features: Features, place: Tensor, basis: Tensor | None, space: Workspace) -> FilterRows:
    """Reduce and round every row, a block at a time.

    Args:
        features: The rows.
        place: (rows,) int64 position of each row in the result.
        basis: (dims, k) float64, orthonormal to within :data:`ORTHONORMAL`; None keeps all coordinates.
        space: Device and memory; the result takes up to a quarter of the limit, or stays on the host.
    """
    width = filter_width(features.dims if basis is None else basis.shape[1] + 1)
    padded = -(-len(features) // COLUMN_TILE) * COLUMN_TILE
    on_host = 4 * padded * width * 2 > space.limit
    values = torch.zeros(
        (padded, width), dtype=torch.float16, device="cpu" if on_host else space.device,
        pin_memory=on_host and space.device.type == "cuda",
    )  # fmt: skip
    slack = torch.full((padded,), -torch.inf, dtype=torch.float32, device=space.device)
    error = float64_error(features.dims) + product_error(width)
    if space.triton and basis is None and not on_host and features.tensor is not None:
        _halve(features.tensor, features.lengths, place, values, slack)
        return FilterRows(values, slack, error, on_host)
    size = space.rows(16, 8 * (2 * features.dims + 3 * width))
    for start, unit in features.unit_blocks(min(size, 2**15)):
        here = place[start : start + len(unit)]
        halves, lost = _rounded(reduced(unit, basis), width)
        values[here.to(values.device)] = halves.to(values.device)
        slack[here] = (lost * _SLACK).float()
    return FilterRows(values, slack, error, on_host)


def filter_width(coordinates: int) -> int:
    """Give the columns that so many coordinates take, padding included."""
    return -(-coordinates // DIMS_STEP) * DIMS_STEP


def reduced(unit: Tensor, basis: Tensor | None) -> Tensor:
    """Give the coordinates along the basis and the length of the rest, rounded up: (rows, k + 1) float64."""
    if basis is None:
        return unit
    along = unit @ basis
    rest = (1 - (along * along).sum(dim=1)).clamp_min(0) + float64_error(unit.shape[1])
    return torch.cat([along, rest.sqrt()[:, None]], dim=1)


def _halve(features: Tensor, lengths: Tensor, place: Tensor, values: Tensor, slack: Tensor) -> None:
    """Do for all dimensions what :func:`build_filter_rows` does by blocks, in one pass."""
    from syndr.search.cuda.join_kernels import halve_kernel

    block = 4
    with torch.cuda.device_of(values):  # type: ignore[no-untyped-call]
        halve_kernel[(-(-len(features) // block),)](
            features, lengths, place, values, slack, len(features), features.shape[1], features.stride(0),
            values.shape[1], _SLACK, BLOCK=block, BLOCK_K=256, num_warps=4,
        )  # fmt: skip


def _rounded(rows: Tensor, width: int) -> tuple[Tensor, Tensor]:
    halves = torch.zeros((len(rows), width), dtype=torch.float16, device=rows.device)
    halves[:, : rows.shape[1]] = rows
    return halves, torch.linalg.vector_norm(rows - halves[:, : rows.shape[1]], dim=1)
