"""Crops for training, drawn by id, and pictures loaded ahead of the model."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from syndr.errors import ImageError, InputError
from syndr.images import Rejected, random_crop, read_ahead
from syndr.rng import hash_ids
from syndr.samples import Samples

#: Gives the picture of a row of the sample table: uint8 (3, H, W), RGB; raises ImageError for a bad one.
ImageSource = Callable[[int], Tensor]

#: Side of the square crops of the paper (section 4.1), in pixels.
CROP = 224

# Purposes of draws: two draws of one seed and epoch must not share bits.
_ORDER, _CROP = 1, 2

# Batches that may be under way or waiting while the model works on one.
_BATCHES_AHEAD = 3


@dataclass(frozen=True)
class EpochCrops:
    """One random crop of each picture, perhaps mirrored, as it is seen in one epoch.

    The draw depends on the seed, the epoch and the sample's id alone, so that batches, their order and the
    number of workers do not matter. A torch map-style data set: indexed by row.

    Attributes:
        images: The pictures.
        ids: Id of each row.
        seed: Seed of the run.
        epoch: Epoch, counted from 0.
        size: Side of the crop in pixels.
        flip: Whether half of the crops are mirrored left to right.
    """

    images: ImageSource
    ids: Sequence[str]
    seed: int
    epoch: int
    size: int = CROP
    flip: bool = True
    _bits: npt.NDArray[np.uint64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Draw 64 bits for each row."""
        object.__setattr__(self, "_bits", hash_ids(self.ids, self.seed, _CROP, self.epoch))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Tensor:
        """Give the crop of a row: uint8 (3, size, size).

        Raises:
            ImageError: When the picture cannot be read.
        """
        bits = int(self._bits[row])
        # 31 bits for each side and the lowest for the flip: no bit serves twice.
        u_y, u_x = (bits >> 33) / 2**31, (bits >> 2 & 0x7FFFFFFF) / 2**31
        crop = random_crop(self.images(row), self.size, u_y, u_x)
        return crop.flip(-1) if self.flip and bits & 1 else crop


def epoch_order(ids: Sequence[str], rows: npt.NDArray[np.int64], seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Shuffle rows for an epoch: by a hash of (seed, epoch, id), so that the table's order does not matter."""
    return rows[np.argsort(hash_ids([ids[row] for row in rows], seed, _ORDER, epoch), kind="stable")]


def crop_numbers(ids: Sequence[str], crops: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Draw which of an image's fixed crops an epoch sees: int64 (N,) in [0, crops)."""
    return (hash_ids(ids, seed, _CROP, epoch) % np.uint64(crops)).astype(np.int64)


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

    def attempt(row: int) -> Tensor:
        try:
            return load(row)
        except InputError as error:  # a picture that its distortion is not defined for, such as a constant one
            raise ImageError(str(error)) from error

    with closing(read_ahead(rows.tolist(), attempt, threads, _BATCHES_AHEAD * batch_size)) as pictures:
        for start in range(0, len(rows), batch_size):
            good: list[int] = []
            pixels: list[Tensor] = []
            for row in rows[start : start + batch_size].tolist():
                picture = next(pictures)
                if isinstance(picture, ImageError):
                    reject(row, picture)
                else:
                    good.append(row)
                    pixels.append(picture)
            yield np.array(good, dtype=np.int64), torch.stack(pixels) if pixels else torch.empty(0)


def as_float(pixels: Tensor, device: torch.device | str) -> Tensor:
    """Give uint8 pixels as float32 in [0, 1] on a device; bytes travel, not floats."""
    return pixels.to(device).float() / 255.0


def rejection(samples: Samples, row: int, reason: str) -> Rejected:
    """Describe a row that was set aside."""
    path = samples.table["path"][row].as_py() if "path" in samples else None
    return Rejected(samples.ids[row], path or "", reason)
