"""The demo's photographs, and the windows cut from each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import interpolate

from syndr.errors import ImageError, require
from syndr.images import Rejected, decode, list_images

#: KADID's picture size, and the smallest window that is scaled up to it.
HEIGHT, WIDTH = 384, 512
_SMALLEST = (192, 256)
#: A window's share of the largest 4:3 rectangle in its photograph: four of them differ, and still show a scene.
_SHARE = 0.64


@dataclass(frozen=True)
class Photo:
    """A photograph.

    Attributes:
        name: Unique among the photographs of a run.
        image: (3, H, W) uint8 RGB.
    """

    name: str
    image: torch.Tensor

    def windows(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Give four windows, one towards each corner: (name, (3, 384, 512) uint8).

        Raises:
            ImageError: When the photograph is too small, or a window is all one colour and cannot be distorted.
        """
        rows, columns = self.image.shape[1:]
        unit = min(rows / HEIGHT, columns / WIDTH) * _SHARE
        height = max(round(HEIGHT * unit), _SMALLEST[0])
        width = max(round(WIDTH * unit), _SMALLEST[1])
        if height > rows or width > columns:
            raise ImageError(
                f"{self.name}: {columns} x {rows} pixels are too few; the demo needs {_SMALLEST[1]} x {_SMALLEST[0]}"
            )
        for number, (top, left) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1)), start=1):
            y, x = top * (rows - height), left * (columns - width)
            window = _scaled(self.image[:, y : y + height, x : x + width])
            if int(window.min()) == int(window.max()):
                raise ImageError(f"{self.name}: window {number} is all one colour; the distortions need contrast")
            yield f"{self.name}-{number}", window


def _scaled(window: torch.Tensor) -> torch.Tensor:
    if tuple(window.shape[1:]) == (HEIGHT, WIDTH):
        return window
    wide = interpolate(window[None].float(), (HEIGHT, WIDTH), mode="bicubic", antialias=True)[0]
    return wide.round().clamp(0, 255).to(torch.uint8)


def shipped_photos() -> list[Photo]:
    """Give the seven colour photographs that come inside the wheels of scikit-image and scikit-learn.

    Raises:
        MissingExtraError: When either is not installed.
    """
    data = require("skimage.data", "demo")
    datasets = require("sklearn.datasets", "demo")
    pictures = {name: getattr(data, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")}
    pictures["motorcycle"] = data.stereo_motorcycle()[0]
    for name in ("china", "flower"):
        pictures[name] = datasets.load_sample_image(f"{name}.jpg")
    return [
        Photo(name, torch.tensor(picture).permute(2, 0, 1).contiguous()) for name, picture in sorted(pictures.items())
    ]


def photos_in_folder(folder: str | Path) -> tuple[list[Photo], list[Rejected]]:
    """Read a user's own photographs.

    Returns:
        Those that can be used, by name, and those set aside with the reason.

    Raises:
        InputError: When the folder is absent or holds no picture.
    """
    photos, rejected = [], []
    for name, path in list_images(folder):
        try:
            photo = Photo(name, decode(path))
            for _ in photo.windows():
                pass  # a photograph is used with all its windows or not at all
        except ImageError as error:
            rejected.append(Rejected(name, str(path), str(error)))
        else:
            photos.append(photo)
    return photos, rejected
