"""Feature rows from a tensor that stays on its device."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from syndr.errors import InputError
from syndr.search.cuda.distances import squared_norms
from syndr.search.cuda.workspace import Kernels, open_workspace
from syndr.search.rows import OnBadRows, Rows, check_policy, good_positions

_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def split_tensor_rows(
    X: Tensor, name: str, on_bad_rows: OnBadRows, kernels: Kernels = "auto"
) -> tuple[Rows, npt.NDArray[np.int64]]:
    """Check every row of a tensor and give those that have a direction, without bringing it to the host.

    The counterpart of :func:`syndr.search.split_rows` for :class:`CudaSearch`.

    Args:
        X: (rows, dims) float16, bfloat16, float32 or float64, on any device that the search then runs on.
        name: What to call it in an error.
        on_bad_rows: ``"raise"`` or ``"set_aside"``.
        kernels: As for :class:`CudaSearch`.

    Returns:
        The good rows, their ``features`` a tensor, and their (good,) int64 positions in ``X``.

    Raises:
        InputError: For another shape or type.
        BadRowsError: For ``"raise"`` and a bad row.
    """
    check_policy(on_bad_rows)
    if X.ndim != 2 or X.shape[1] == 0:
        raise InputError(f"{name} must have shape (rows, dims) with dims > 0, not {tuple(X.shape)}")
    if X.dtype not in _DTYPES:
        raise InputError(f"{name} must be float16, bfloat16, float32 or float64, not {X.dtype}")
    features = X.detach()
    features = features if features.stride(1) == 1 else features.contiguous()
    norms = squared_norms(features, open_workspace(X.device, None, kernels)).cpu().numpy()
    positions = good_positions(norms, name, on_bad_rows)
    if len(positions) < len(norms):
        features, norms = features[torch.from_numpy(positions).to(X.device)], norms[positions]
    return Rows(cast(Any, features), norms), positions
