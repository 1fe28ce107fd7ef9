"""The pictures a classifier of types learns from: references undistorted, and distorted by each type."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from syndr.distort import distort
from syndr.errors import InputError
from syndr.images import PictureCache, decode, resize_shorter_side
from syndr.rng import hash_ids, mix, sample_seeds
from syndr.samples import Samples
from syndr.type_selection.classifier import CLASSES

#: Larger references are scaled down to KADID's height; distortions are made for pictures of that size.
SHORTER_SIDE = 384

# Other purposes than those of training, evaluation and splits, which are 1 to 4.
_REFERENCE, _LEVEL, _SEED = 5, 6, 7
_LEVELS = 5


class TypePictures:
    """Each of some references in all 26 classes, the level of each type drawn for the round; indexed by row.

    What a row shows depends on the seed, the round, the reference's id and the class alone.

    Attributes:
        samples: ``id``, ``path``, ``reference``, ``type`` (0: undistorted), ``level`` (null there).

    Args:
        references: Table with ``id`` and ``path``.
        seed: Seed of every draw.
        round: Counted from 0; each draws other references, levels and noise.
        most: Most references of a round; the rest is drawn in other rounds.
        device: Where the distortions are made.
    """

    def __init__(
        self, references: Samples, seed: int, round: int, most: int = 1_000, device: torch.device | str = "cpu"
    ) -> None:
        if len(references) == 0:
            raise InputError("there are no references to distort")
        drawn = np.argsort(hash_ids(references.ids, seed, _REFERENCE, round), kind="stable")[:most]
        chosen = references.take(np.sort(drawn))
        self.device = torch.device(device)
        names = np.repeat(np.array(chosen.ids, dtype=object), CLASSES)
        self.labels: npt.NDArray[np.int64] = np.tile(np.arange(CLASSES), len(chosen))
        cells = [f"{name}_{kind:02d}" for name, kind in zip(names, self.labels, strict=True)]
        self._levels = (hash_ids(cells, seed, _LEVEL, round) % np.uint64(_LEVELS)).astype(np.int64) + 1
        self._seeds = np.repeat(sample_seeds(mix(seed, _SEED, round), chosen.ids), CLASSES)
        shown = [int(level) if kind else None for level, kind in zip(self._levels, self.labels, strict=True)]
        self.samples = Samples.from_columns(
            id=[f"{cell}_{level or 0:02d}" for cell, level in zip(cells, shown, strict=True)],
            path=np.repeat(chosen["path"], CLASSES),
            reference=names,
            type=self.labels,
            level=shown,
        )
        self._paths: list[str] = self.samples["path"].tolist()
        self._references = PictureCache(1 << 29, _reference)

    def __len__(self) -> int:
        return len(self.labels)

    def __call__(self, row: int) -> Tensor:
        """Give the picture of a row: uint8 (3, H, W).

        Raises:
            ImageError: When its reference cannot be read.
            InputError: When its reference cannot be distorted (a constant one has no range to stretch).
        """
        picture = self._references.get(self._paths[row]).to(self.device)
        kind = int(self.labels[row])
        if kind == 0:
            return picture
        name = self.samples.ids[row]
        return distort(picture[None], kind, int(self._levels[row]), [int(self._seeds[row])], ids=[name])[0]


def _reference(path: str) -> Tensor:
    picture = decode(path)
    return picture if min(picture.shape[1:]) <= SHORTER_SIDE else resize_shorter_side(picture, SHORTER_SIDE)
