"""Pictures loaded ahead of the model, and what training needs of a table."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from syndr.errors import ImageError, InputError
from syndr.images import Rejected, read_ahead
from syndr.images.devices import Aside, send
from syndr.samples import Samples
from syndr.training.crops import ImageSource

T = TypeVar("T")

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
    together_on: torch.device | None = None,
) -> Generator[tuple[npt.NDArray[np.int64], Tensor]]:
    """Load groups of rows as :func:`load_batches` does batches.

    Args:
        load: Gives the pictures of some rows, or the errors that stand against them.
        groups: The rows of each group.
        reject: As for :func:`load_batches`.
        threads: Number of threads; by default the cores this process may use.
        together_on: The device on which pictures are made: each group is asked for in one call, on one thread, beside
            the device's other work. None asks row by row on all threads.

    Yields:
        As :func:`load_batches`.
    """
    wanted = [group.tolist() for group in groups]
    loaded = _row_by_row(load, wanted, threads) if together_on is None else _together(load, wanted, together_on)
    with closing(loaded):
        for group in loaded:
            for row, error in group.errors.items():
                reject(row, error)
            yield np.array(group.rows, dtype=np.int64), group.pixels


@dataclass(frozen=True)
class _Group:
    """What was loaded of a group: the rows that could be read, their pixels, and the errors of the others."""

    rows: list[int]
    pixels: Tensor
    errors: dict[int, ImageError]


def _row_by_row(
    load: Callable[[Sequence[int]], list[Tensor | ImageError]], wanted: list[list[int]], threads: int | None
) -> Generator[_Group]:
    calls = [[row] for group in wanted for row in group]
    ahead = _BATCHES_AHEAD * max(1, *map(len, wanted)) if wanted else 1
    with closing(read_ahead(calls, load, threads, ahead)) as loaded:
        for group in wanted:
            yield _sorted_out(group, [_answer(next(loaded))[0] for _ in group])


def _together(
    load: Callable[[Sequence[int]], list[Tensor | ImageError]], wanted: list[list[int]], device: torch.device
) -> Generator[_Group]:
    aside = Aside(device)

    def make(group: list[int]) -> tuple[_Group, torch.cuda.Event | None]:
        with aside.working():
            return _sorted_out(group, load(group)), aside.mark()

    with closing(read_ahead(wanted, make, 1, _BATCHES_AHEAD)) as loaded:
        for made in loaded:
            group, mark = _answer(made)
            aside.take(group.pixels, mark)
            yield group


def _sorted_out(rows: list[int], found: list[Tensor | ImageError]) -> _Group:
    pixels = [picture for picture in found if isinstance(picture, Tensor)]
    errors = {row: picture for row, picture in zip(rows, found, strict=True) if isinstance(picture, ImageError)}
    return _Group([row for row in rows if row not in errors], _stacked(pixels), errors)


def _stacked(pixels: list[Tensor]) -> Tensor:
    if not pixels:
        return torch.empty(0)
    if pixels[0].device.type != "cpu":
        return torch.stack(pixels)
    # torch would use helper threads, which then spin and take the cores from those that load.
    return torch.from_numpy(np.stack([picture.numpy() for picture in pixels]))


def _answer(answer: T | ImageError) -> T:
    if isinstance(answer, ImageError):  # of a loader that does not keep to what it should do
        raise answer
    return answer


def as_float(pixels: Tensor, device: torch.device | str) -> Tensor:
    """Give uint8 pixels (..., H, W) as float32 in [0, 1] on a device; bytes travel, not floats.

    Batches are laid out channels-last, which convolutions of both CPUs and GPUs like best.
    """
    there = send(pixels, device)
    if there.ndim == 4:
        there = there.contiguous(memory_format=torch.channels_last)
    return there.float() / 255.0


def rejection(samples: Samples, row: int, reason: str) -> Rejected:
    """Describe a row that was set aside."""
    path = samples.table["path"][row].as_py() if "path" in samples else None
    return Rejected(samples.ids[row], path or "", reason)
