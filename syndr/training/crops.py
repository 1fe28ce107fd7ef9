"""Where crops come from, and which an epoch sees: drawn by id, so that nothing else matters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from syndr.errors import ImageError, InputError
from syndr.images import center_crop, random_crop
from syndr.rng import hash_ids

#: Gives the picture of a row of the sample table: uint8 (3, H, W), RGB; raises ImageError for a bad one.
ImageSource = Callable[[int], Tensor]


class CropSource(Protocol):
    """Gives crops of pictures, made together where that is faster; :class:`syndr.VirtualDataset` is one."""

    def crops(self, rows: Sequence[int], size: int = 224, places: Tensor | None = None) -> list[Tensor | ImageError]:
        """Give a square, uint8 (3, size, size), of each row's picture, or the error that stands against it.

        Args:
            rows: Row numbers.
            size: Side of the squares in pixels.
            places: (rows, 2) uniform draws in [0, 1) for the vertical and the horizontal place; None is the centre.
        """


#: Side of the square crops of the paper (section 4.1), in pixels.
CROP = 224

# Purposes of draws: two draws of one seed and epoch must not share bits.
_ORDER, _CROP = 1, 2


@dataclass(frozen=True)
class WholePictures:
    """Cuts the crops of a source that knows only whole pictures."""

    images: ImageSource

    def crops(self, rows: Sequence[int], size: int = CROP, places: Tensor | None = None) -> list[Tensor | ImageError]:
        """Do as :meth:`CropSource.crops` says."""
        return [self._crop(row, size, None if places is None else places[at]) for at, row in enumerate(rows)]

    def _crop(self, row: int, size: int, place: Tensor | None) -> Tensor | ImageError:
        try:
            picture = self.images(row)
            return center_crop(picture, size) if place is None else random_crop(picture, size, *place.tolist())
        except ImageError as error:
            return error
        except InputError as error:  # a picture that its distortion is not defined for, such as a constant one
            return ImageError(str(error))


def crop_source(images: ImageSource | CropSource) -> CropSource:
    """Give a source of pictures as one of crops."""
    return images if hasattr(images, "crops") else WholePictures(images)  # type: ignore[return-value, arg-type]


@dataclass(frozen=True)
class EpochCrops:
    """One random crop of each picture, perhaps mirrored, as it is seen in one epoch.

    The draw depends on the seed, the epoch and the sample's id alone, so that batches, their order and the
    number of workers do not matter.

    Attributes:
        images: The pictures.
        ids: Id of each row.
        seed: Seed of the run.
        epoch: Epoch, counted from 0.
        size: Side of the crop in pixels.
        flip: Whether half of the crops are mirrored left to right.
    """

    images: ImageSource | CropSource
    ids: Sequence[str]
    seed: int
    epoch: int
    size: int = CROP
    flip: bool = True
    _source: CropSource = field(init=False, repr=False)
    _places: Tensor = field(init=False, repr=False)
    _mirrored: npt.NDArray[np.bool_] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Draw 64 bits for each row: 31 for each side, and the lowest for the flip, so that no bit serves twice."""
        bits = hash_ids(self.ids, self.seed, _CROP, self.epoch)
        sides = np.stack([bits >> np.uint64(33), bits >> np.uint64(2) & np.uint64(0x7FFFFFFF)], axis=1)
        object.__setattr__(self, "_source", crop_source(self.images))
        object.__setattr__(self, "_places", torch.from_numpy(sides / 2.0**31))
        object.__setattr__(self, "_mirrored", (bits & np.uint64(1)).astype(bool) & self.flip)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Tensor:
        """Give the crop of a row: uint8 (3, size, size).

        Raises:
            ImageError: When the picture cannot be read.
        """
        [crop] = self.load([row])
        if isinstance(crop, ImageError):
            raise crop
        return crop

    def load(self, rows: Sequence[int]) -> list[Tensor | ImageError]:
        """Give the crops of several rows, or the errors that stand against them."""
        found = self._source.crops(rows, self.size, self._places[list(rows)])
        turn = [at for at, row in enumerate(rows) if self._mirrored[row] and isinstance(found[at], Tensor)]
        if turn:  # in one call, which on a GPU takes as long as one for each crop
            mirrored = torch.stack([found[at] for at in turn]).flip(-1)  # type: ignore[misc]
            for at, crop in zip(turn, mirrored, strict=True):
                found[at] = crop
        return found


def epoch_order(ids: Sequence[str], rows: npt.NDArray[np.int64], seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Shuffle rows for an epoch: by a hash of (seed, epoch, id), so that the table's order does not matter."""
    return rows[np.argsort(hash_ids([ids[row] for row in rows], seed, _ORDER, epoch), kind="stable")]


def crop_numbers(ids: Sequence[str], crops: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Draw which of an image's fixed crops an epoch sees: int64 (N,) in [0, crops)."""
    return (hash_ids(ids, seed, _CROP, epoch) % np.uint64(crops)).astype(np.int64)
