"""Where the report's pictures come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from syndr.report.blocks import Picture
from syndr.samples import Samples

#: Gives a small PNG, JPEG or WebP file for each row of a sample table with ``path``; None for one that cannot be read.
Thumbnails = Callable[[Samples], Sequence[bytes | None]]


def can_show(samples: Samples | None, thumbnails: Thumbnails | None) -> bool:
    """Tell whether pictures of these samples can be shown."""
    return thumbnails is not None and samples is not None and "path" in samples


def pictures(
    samples: Samples, thumbnails: Thumbnails, details: Sequence[str], marks: Sequence[str], gone: Sequence[bool]
) -> list[Picture]:
    """Make the pictures of some samples, each below its id."""
    images = thumbnails(samples)
    return [
        Picture(image, name, mark=mark, gone=bool(away), detail=detail)
        for image, name, detail, mark, away in zip(images, samples.ids, details, marks, gone, strict=True)
    ]


def spread(count: int, most: int) -> list[int]:
    """Give at most so many of ``count`` positions, evenly spaced: the same in every report."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist() if count else []
