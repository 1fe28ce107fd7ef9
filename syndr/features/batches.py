"""The batches of an extraction: which pictures, and their features."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field

import torch

from syndr.errors import ImageError, InputError
from syndr.features.forward import Features, Forward
from syndr.features.unfinished import Facts
from syndr.images.ahead import read_ahead
from syndr.images.crops import center_crop
from syndr.images.decoding import FileFacts, Picture, read_picture
from syndr.images.rejected import Rejected
from syndr.samples import Samples


@dataclass(frozen=True)
class Pictures:
    """Where the rows' pictures come from; see :func:`syndr.features.extract` for what the fields mean."""

    samples: Samples
    images: Callable[[int], torch.Tensor] | None
    files: Callable[[int], str | bytes | None] | None
    crop: int
    hashed: bool

    def load(self, row: int) -> Picture:
        """Give the centre crop of a row's picture, and what is known of its file."""
        if self.images is not None:
            picture = self.images(row)
            if picture.dtype != torch.uint8 or picture.ndim != 3 or picture.shape[0] != 3:
                raise InputError(
                    f"images= must give uint8 pictures of shape (3, H, W), not {picture.dtype} {tuple(picture.shape)}"
                )
            facts = FileFacts(None, None, width=picture.shape[2], height=picture.shape[1])
            return Picture(center_crop(picture, self.crop), facts)
        file = self.files(row) if self.files else self.path(row)
        if file is None:
            raise ImageError("the row has no path; give it one or remove the row")
        found = read_picture(file, self.path(row) or self.samples.ids[row], self.hashed, self.crop)
        return Picture(center_crop(found.pixels, self.crop), found.facts)

    def path(self, row: int) -> str | None:
        """Give a row's path, where there is one."""
        path: str | None = self.samples.table["path"][row].as_py() if "path" in self.samples else None
        return path

    def aside(self, row: int, error: ImageError) -> Rejected:
        """Say why a row is set aside."""
        sample_id, path = self.samples.ids[row], self.path(row) or ""
        return Rejected(sample_id, path, str(error).removeprefix(f"{path or sample_id}: "))


@dataclass(frozen=True)
class Computed:
    """What a batch came to.

    Attributes:
        features: Of the rows kept, (kept, dims) float32.
        rejected: The rows set aside.
        facts: What is known of the files of the rows kept.
    """

    features: Features
    rejected: list[Rejected]
    facts: list[Facts]


@dataclass
class _Batch:
    """A full batch and what is in it."""

    pictures: torch.Tensor  # uint8 (batch_size, 3, crop, crop), black where nothing could be read
    kept: list[int] = field(default_factory=list)  # places in the batch that hold a picture
    facts: list[Facts] = field(default_factory=list)  # of their files
    rejected: list[Rejected] = field(default_factory=list)


def compute(
    pictures: Pictures, rows: range, batch_size: int, threads: int | None, forward: Forward
) -> Generator[Computed, None, None]:
    """Give what each batch of the rows comes to, decoding and computing ahead.

    Args:
        pictures: Where pictures come from.
        rows: The rows: from the first of a batch to the last of one, or of the table.
        batch_size: Pictures of a batch.
        threads: Decoding threads of their own; those of the forward pass when None.
        forward: The network, entered.
    """
    running: deque[tuple[_Batch, Callable[[], Features]]] = deque()
    with closing(_batches(pictures, rows, batch_size, threads, forward)) as batches:
        for batch in batches:
            running.append((batch, forward.submit(batch.pictures)))
            if len(running) > forward.ahead:
                yield _computed(*running.popleft())
        while running:
            yield _computed(*running.popleft())


def _computed(batch: _Batch, features: Callable[[], Features]) -> Computed:
    return Computed(features()[batch.kept], batch.rejected, batch.facts)


def _batches(
    pictures: Pictures, rows: range, batch_size: int, threads: int | None, forward: Forward
) -> Generator[_Batch, None, None]:
    """Give the batches, decoding ahead."""
    pool = forward.workers if threads is None else None
    size = (batch_size, 3, pictures.crop, pictures.crop)
    with closing(read_ahead(rows, pictures.load, threads, 2 * batch_size, pool)) as loaded:
        for start in range(0, len(rows), batch_size):
            batch = _Batch(torch.zeros(size, dtype=torch.uint8, pin_memory=forward.pinned))
            for place, row in enumerate(rows[start : start + batch_size]):
                picture = next(loaded)
                if isinstance(picture, ImageError):
                    batch.rejected.append(pictures.aside(row, picture))
                else:
                    batch.pictures[place] = picture.pixels
                    batch.kept.append(place)
                    facts = picture.facts
                    batch.facts.append((facts.size, facts.content_hash, facts.width, facts.height))
            yield batch
