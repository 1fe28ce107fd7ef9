"""Training of a head alone, on features of a fixed set of crops computed once: seconds on a CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from syndr.errors import InputError
from syndr.progress import Progress, silent, track
from syndr.training.crops import crop_numbers, epoch_order
from syndr.training.data import checked_quality
from syndr.training.model import Head, as_float32
from syndr.training.settings import check_choice, check_schedule
from syndr.training.thinning import Refresh, Thinner, dropped_rows


def fit_head(
    features: npt.ArrayLike | Tensor,
    quality: npt.ArrayLike,
    *,
    ids: Sequence[str] | None = None,
    epochs: int = 24,
    batch_size: int = 32,
    lr: float = 1e-3,
    weight_decay: float = 5e-4,
    hidden: int | None = None,
    seed: int = 0,
    thinning: Thinner | Sequence[npt.ArrayLike] | None = None,
    refresh: Refresh = "epoch",
    eligible: npt.ArrayLike | None = None,
    progress: Progress = silent,
) -> Head:
    """Train a linear head, or a perceptron, on frozen features with L1 and Adam.

    Features are standardized by their mean and deviation over all rows and crops. In each epoch every image
    is seen once, in one of its crops, drawn by (seed, epoch, id). It runs on one thread, which is fastest for
    steps this small and makes the weights the same, bit for bit, for any number of torch threads.

    Args:
        features: Shape (N, D), or (N, C, D) with C crops per image; any floating dtype, finite.
        quality: Labels, shape (N,), higher is better.
        ids: Ids of the images; the row numbers when None. With ids, row order moves the weights by rounding only.
        epochs: Passes over the training set.
        batch_size: Images per step.
        lr: Adam's learning rate; larger than in fine-tuning, since the features are standardized.
        weight_decay: Adam's L2 penalty.
        hidden: Width of a hidden layer; None for a linear head.
        seed: Seed of the initial weights, the order and the crops.
        thinning: A :class:`syndr.DRCDown`, which gets the mean features over the crops; or the rows to
            train on, one array for each epoch; or None to train on everything.
        refresh: With a DRCDown: ``"epoch"`` draws anew for each epoch, ``"once"`` keeps the first draw.
        eligible: With a DRCDown: mask (N,) of the rows that it may thin; all when None.
        progress: Told of ``"epochs"``.

    Returns:
        The head, in evaluation mode; its ``predict`` scores features.

    Raises:
        InputError: When an argument is not usable, or the loss is no longer finite.
    """
    x = _checked_features(features)
    names = [str(row) for row in range(len(x))] if ids is None else list(ids)
    if len(names) != len(x):
        raise InputError(f"{len(names)} ids do not fit {len(x)} rows of features")
    y = checked_quality(quality, names)
    check_schedule(epochs, batch_size, lr, weight_decay)
    rows_of = _row_chooser(thinning, refresh, eligible, x, y, names, epochs)
    target = torch.from_numpy(y).float()
    with _one_thread():
        head = Head(x.shape[-1], hidden, seed)
        head.standardize(x.flatten(0, 1), target)
        optimizer = torch.optim.Adam(head.parameters(), lr=lr, weight_decay=weight_decay)
        standardized = head.standardized(x)
        for epoch in track(range(epochs), "epochs", epochs, progress):
            order = epoch_order(names, rows_of(epoch), seed, epoch)
            crops = crop_numbers(names, x.shape[1], seed, epoch)[order]
            _train(head.layers, optimizer, standardized[order, crops], target[order], batch_size)
            if not all(bool(parameter.isfinite().all()) for parameter in head.parameters()):
                raise InputError(
                    f"the weights are no longer finite in epoch {epoch}: training diverged; use a smaller lr"
                )
    return head.eval()


def _train(
    layers: nn.Module, optimizer: torch.optim.Optimizer, features: Tensor, target: Tensor, batch_size: int
) -> None:
    for start in range(0, len(target), batch_size):
        batch = slice(start, start + batch_size)
        loss = nn.functional.l1_loss(layers(features[batch]).squeeze(-1), target[batch])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def _checked_features(features: npt.ArrayLike | Tensor) -> Tensor:
    """Give features as float32 (N, C, D)."""
    x = as_float32(features).cpu()
    if x.ndim == 2:
        x = x[:, None]
    if x.ndim != 3 or 0 in x.shape:
        raise InputError(f"features must have shape (N, D) or (N, crops, D), none empty, not {tuple(x.shape)}")
    bad = (~x.isfinite().flatten(1).all(dim=1)).nonzero().flatten()
    if len(bad):
        raise InputError(f"{len(bad)} rows of features hold NaN or infinity, first {bad[:10].tolist()}")
    return x


def _row_chooser(
    thinning: Thinner | Sequence[npt.ArrayLike] | None,
    refresh: Refresh,
    eligible: npt.ArrayLike | None,
    x: Tensor,
    y: npt.NDArray[np.float64],
    ids: Sequence[str],
    epochs: int,
) -> Callable[[int], npt.NDArray[np.int64]]:
    """Give the function from an epoch to the rows it trains on."""
    everything = np.arange(len(x))
    if thinning is None:
        return lambda epoch: everything
    if isinstance(thinning, Sequence):
        return _listed_rows(thinning, epochs, len(x)).__getitem__
    check_choice("refresh", refresh, get_args(Refresh))
    mask = np.ones(len(x), dtype=bool) if eligible is None else np.asarray(eligible)
    if mask.dtype != bool or mask.shape != (len(x),):
        raise InputError(f"eligible must be a boolean mask of {len(x)} rows, not {mask.dtype} {mask.shape}")
    thinned = np.flatnonzero(mask)
    means = x[torch.from_numpy(thinned)].mean(dim=1).numpy()

    def rows(epoch: int) -> npt.NDArray[np.int64]:
        return np.delete(everything, dropped_rows(thinning, means, y, ids, thinned, epoch))

    if refresh == "once":
        first = rows(0)
        return lambda epoch: first
    return rows


def _listed_rows(listed: Sequence[npt.ArrayLike], epochs: int, total: int) -> list[npt.NDArray[np.int64]]:
    """Check lists of rows, one for each epoch."""
    if len(listed) != epochs:
        raise InputError(f"thinning lists the rows of {len(listed)} epochs; there are {epochs}")
    checked = []
    for epoch, values in enumerate(listed):
        rows = np.unique(np.asarray(values))
        if len(rows) == 0 or rows.dtype.kind not in "iu" or rows[0] < 0 or rows[-1] >= total:
            raise InputError(f"thinning: the rows of epoch {epoch} must be integers from 0 to {total - 1}")
        checked.append(rows.astype(np.int64))
    return checked


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
