"""Pictures loaded ahead of the model, and what training needs of a table."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from syndr.errors import ImageError, InputError
from syndr.images import Rejected, read_ahead
from syndr.samples import Samples
from syndr.training.crops import ImageSource

# Batches that may be under way or waiting while the model works on one.
_BATCHES_AHEAD = 3


def checked_quality(quality: npt.ArrayLike, ids: Sequence[str]) -> npt.NDArray[np.float64]:
    """Give labels as float64 (N,), all finite.

    Raises:
        InputError: When there are none, not one for each id, or one is missing or not finite.
    """
    values = np.asarray(quality, dtype=np.float64)
    if values.shape != (len(ids),) or len(ids) == 0:
        raise InputError(f"training needs one quality for each of {len(ids)} samples, not {values.shape}")
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise InputError(
            f"{len(bad)} samples have no finite quality, first {[ids[row] for row in bad[:5]]}; "
            "leave them out or give them a label"
        )
    return values


def load_batches(
    load: ImageSource,
    rows: npt.NDArray[np.int64],
    batch_size: int,
    reject: Callable[[int, ImageError], None],
    threads: int | None = None,
) -> Generator[tuple[npt.NDArray[np.int64], Tensor]]:
    """Load pictures of one shape in batches, on threads, ahead of whoever uses them.

    Args:
        load: Gives the picture of a row, or a stack of its crops: uint8, of one shape for all rows.
        rows: Rows in the order wanted.
        batch_size: Rows per batch, >= 1.
        reject: Told of each row whose picture cannot be read, and why; such rows are left out.
        threads: Number of threads; by default the cores this process may use.

    Yields:
        For each batch the rows that could be read (B,) and their pixels, uint8 (B, ...); B may be 0.
    """

    def attempt(rows: Sequence[int]) -> list[Tensor | ImageError]:
        try:
            return [load(row) for row in rows]
        except ImageError as error:
            return [error]
        except InputError as error:  # a picture that its distortion is not defined for, such as a constant one
            return [ImageError(str(error))]

    return load_groups(attempt, batches_of(rows, batch_size), reject, threads)


def batches_of(rows: npt.NDArray[np.int64], batch_size: int) -> list[npt.NDArray[np.int64]]:
    """Cut rows into batches, of which the last may have fewer."""
    return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]


def load_groups(
    load: Callable[[Sequence[int]], list[Tensor | ImageError]],
    groups: Sequence[npt.NDArray[np.int64]],
    reject: Callable[[int, ImageError], None],
    threads: int | None = None,
    together: bool = False,
) -> Generator[tuple[npt.NDArray[np.int64], Tensor]]:
    """Load groups of rows as :func:`load_batches` does batches.

    Args:
        load: Gives the pictures of some rows, or the errors that stand against them.
        groups: The rows of each group.
        reject: As for :func:`load_batches`.
        threads: Number of threads; by default the cores this process may use.
        together: Ask for each group in one call, on one thread, as suits pictures made on a device; otherwise row by
            row on all threads.

    Yields:
        As :func:`load_batches`.
    """
    wanted = [group.tolist() for group in groups]
    calls = wanted if together else [[row] for group in wanted for row in group]
    largest = max(map(len, wanted), default=0)
    ahead = _BATCHES_AHEAD * (1 if together else max(1, largest))
    with closing(read_ahead(calls, load, 1 if together else threads, ahead)) as loaded:
        for group in wanted:
            found = _answer(next(loaded)) if together else [_answer(next(loaded))[0] for _ in group]
            good: list[int] = []
            pixels: list[Tensor] = []
            for row, picture in zip(group, found, strict=True):
                if isinstance(picture, ImageError):
                    reject(row, picture)
                else:
                    good.append(row)
                    pixels.append(picture)
            yield np.array(good, dtype=np.int64), _stacked(pixels)


def _stacked(pixels: list[Tensor]) -> Tensor:
    if not pixels:
        return torch.empty(0)
    if pixels[0].device.type != "cpu":
        return torch.stack(pixels)
    # torch would use helper threads, which then spin and take the cores from those that load.
    return torch.from_numpy(np.stack([picture.numpy() for picture in pixels]))


def _answer(answer: list[Tensor | ImageError] | ImageError) -> list[Tensor | ImageError]:
    if isinstance(answer, ImageError):  # of a loader that does not keep to what it should do
        raise answer
    return answer


def as_float(pixels: Tensor, device: torch.device | str) -> Tensor:
    """Give uint8 pixels (..., H, W) as float32 in [0, 1] on a device; bytes travel, not floats.

    On a CUDA device batches are laid out channels-last, which its convolutions like best.
    """
    if torch.device(device).type != "cuda":
        return pixels.to(device).float() / 255.0
    there = pixels if pixels.is_cuda else pixels.pin_memory().to(device, non_blocking=True)
    if there.ndim == 4:
        there = there.contiguous(memory_format=torch.channels_last)
    return there.float() / 255.0


def rejection(samples: Samples, row: int, reason: str) -> Rejected:
    """Describe a row that was set aside."""
    path = samples.table["path"][row].as_py() if "path" in samples else None
    return Rejected(samples.ids[row], path or "", reason)
