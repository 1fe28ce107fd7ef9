"""The search on a GPU, behind the protocol that every backend keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from syndr.errors import InputError
from syndr.progress import Progress, silent
from syndr.search.cuda.features import Features
from syndr.search.cuda.filter_rows import DIMS_STEP
from syndr.search.cuda.forest import Forest
from syndr.search.cuda.nearest import Groups, nearest
from syndr.search.cuda.quick import quick_decisions
from syndr.search.cuda.scan import Scan, achieved_tflops
from syndr.search.cuda.workspace import Kernels, Workspace, open_workspace, uses_triton
from syndr.search.protocol import LabelGap, Pairs
from syndr.search.rows import Rows


class CudaSearch:
    """Every pair, decided by the float64 distance, found by half-precision tile products on a GPU.

    A product may only reject a pair, by a proven margin; what it lets through is decided on the device by the same
    float64 sums as on the CPU, so the answer has the same bytes. Features may be tensors on the device
    (:func:`split_tensor_rows` makes rows of them) or arrays, which are copied there when they fit and read block by
    block when they do not.

    Args:
        device: A torch device such as ``"cuda:1"``; the current CUDA device when None. ``"cpu"`` runs the same steps
            in plain torch.
        memory_limit: Bytes of device memory to take; 80% of what is free when None (2 GiB on a CPU). What
            :meth:`pairs` finds is kept on the host.
        kernels: ``"triton"``, ``"torch"``, or ``"auto"`` for Triton on a GPU where it is installed.
        dims: How wide the rows of the filter are: a multiple of 64 (that many less one leading directions, and the
            length of the rest), 0 for all dimensions, None to choose by a sample.

    Attributes:
        report: What the last call did: mode, dims kept, tiles, candidates, edges, seconds by phase, rate.

    Raises:
        InputError: For an unknown device, no CUDA device, or an argument out of range.
        MissingExtraError: When ``kernels="triton"`` and Triton is not installed.
    """

    name = "cuda"
    exact = True

    def __init__(
        self,
        device: str | torch.device | None = None,
        memory_limit: int | None = None,
        kernels: Kernels = "auto",
        dims: int | None = None,
    ) -> None:
        self.device = _usable(device)
        if memory_limit is not None and memory_limit < 1:
            raise InputError(f"memory_limit must be a positive number of bytes, or None, not {memory_limit}")
        if dims is not None and (dims < 0 or dims % DIMS_STEP):
            raise InputError(f"dims must be a multiple of {DIMS_STEP}, 0 for all, or None to choose, not {dims}")
        uses_triton(self.device, kernels)
        self.memory_limit = memory_limit
        self.kernels = kernels
        self.dims = dims
        self.report: dict[str, object] = {}

    def pairs(self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent) -> Pairs:
        """See :meth:`syndr.search.protocol.Search.pairs`."""
        space = self._open()
        # The empty first parts give the types where there are no rows.
        found_i, found_j, found_d = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
        scan = None
        if len(rows):
            features = Features(rows, space)
            scan = Scan(features, radius, gap, self.dims, space)
            for i, j in scan.candidates("pairs", progress):
                distance = features.distances(i, features, j)
                inside = distance < radius
                for found, values in ((found_i, i), (found_j, j), (found_d, distance)):
                    found.append(values[inside].cpu().numpy())
        with space.clock.phase("sort"):
            pairs = _in_order(
                np.concatenate(found_i), np.concatenate(found_j), np.concatenate(found_d), len(rows), space
            )
        self._note(space, scan, edges=len(pairs))
        return pairs

    def components(
        self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent
    ) -> npt.NDArray[np.int64]:
        """See :meth:`syndr.search.protocol.Search.components`."""
        space = self._open()
        if len(rows) == 0:
            self._note(space, None, edges=0)
            return np.empty(0, dtype=np.int64)
        features = Features(rows, space)
        scan = Scan(features, radius, gap, self.dims, space)
        quick = quick_decisions(features, scan, radius, space)
        forest = Forest(len(rows), space.device)
        decided = edges = 0
        candidates = scan.candidates("components", progress, lambda: forest.roots)
        for i, j in quick.undecided(forest, candidates) if quick else candidates:
            some, true = forest.absorb(i, j, lambda i, j: features.distances(i, features, j) < radius)
            decided, edges = decided + some, edges + true
        exactly = decided
        if quick:
            some, true = quick.counts()
            decided, edges = decided + some, edges + true
        self._note(space, scan, candidates_decided=decided, candidates_decided_in_float64=exactly, edges=edges)
        return forest.numbered()

    def nearest(
        self,
        queries: Rows,
        base: Rows,
        k: int = 1,
        query_groups: npt.NDArray[np.int64] | None = None,
        base_groups: npt.NDArray[np.int64] | None = None,
        progress: Progress = silent,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """See :meth:`syndr.search.protocol.Search.nearest`."""
        space = self._open()
        if len(queries) == 0 or len(base) == 0:
            return np.full((len(queries), k), np.nan), np.full((len(queries), k), -1, dtype=np.int64)
        groups = None
        if query_groups is not None and base_groups is not None:
            groups = Groups(*(torch.tensor(numbers, device=space.device) for numbers in (query_groups, base_groups)))
        first = Features(queries, space)
        second = first if base is queries else Features(base, space)
        distances, found = nearest(first, second, k, groups, space, progress)
        self._note(space, None)
        return distances.cpu().numpy(), found.cpu().numpy()

    def _open(self) -> Workspace:
        return open_workspace(self.device, self.memory_limit, self.kernels)

    def _note(self, space: Workspace, scan: Scan | None, **counted: int) -> None:
        seconds = space.clock.seconds()
        report: dict[str, Any] = {
            "device": torch.cuda.get_device_name(space.device) if space.device.type == "cuda" else "CPU",
            "kernels": "triton" if space.triton else "torch",
            **(scan.report if scan else {}), **counted, "seconds": seconds,
        }  # fmt: skip
        if scan:
            report["tflops"] = achieved_tflops(report, seconds.get("tiles", 0.0))
        self.report = report


def _usable(device: str | torch.device | None) -> torch.device:
    try:
        chosen = torch.device("cuda" if device is None else device)
    except RuntimeError as error:
        raise InputError(f"device={device!r} is no torch device: {error}") from error
    if chosen.type not in ("cuda", "cpu"):
        raise InputError(f"device must be a CUDA device or the CPU, not {chosen}")
    if chosen.type == "cuda":
        if not torch.cuda.is_available():
            raise InputError('torch sees no CUDA device here; use search="exact", which runs on the CPU')
        if chosen.index is None:
            chosen = torch.device("cuda", torch.cuda.current_device())
        if chosen.index >= torch.cuda.device_count():
            raise InputError(f"there is no {chosen}; torch sees {torch.cuda.device_count()} CUDA devices")
    return chosen


def _in_order(
    i: npt.NDArray[np.int64], j: npt.NDArray[np.int64], distance: npt.NDArray[np.float64], rows: int, space: Workspace
) -> Pairs:
    """Sort by (distance, i, j): on the device where that fits, several times faster than on the host."""
    if len(i) > space.rows(4, 12 * 8):
        order = np.lexsort((j, i, distance))
        return Pairs(i[order], j[order], distance[order])
    key: Tensor = torch.from_numpy(i * rows + j).to(space.device)
    key, turn = key.sort()
    values, again = torch.from_numpy(distance).to(space.device)[turn].sort(stable=True)
    key = key[again]
    return Pairs((key // rows).cpu().numpy(), (key % rows).cpu().numpy(), values.cpu().numpy())
