"""The demo's photographs, and the windows cut from each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import interpolate

from syndr.errors import ImageError, require
from syndr.images import Rejected, decode, list_images
from syndr.rng import hash_ids

#: KADID's picture size, and the smallest window that is scaled up to it.
HEIGHT, WIDTH = 384, 512
_SMALLEST = (192, 256)
#: A window's share of the largest 4:3 rectangle in its photograph: four of them differ, and still show a scene.
_SHARE = 0.64


@dataclass(frozen=True)
class Photo:
    """A photograph, as the demo uses it.

    Attributes:
        name: Unique among the photographs of a run.
        windows: Parts of it, or the whole, (3, 384, 512) uint8 RGB.
    """

    name: str
    windows: tuple[torch.Tensor, ...]

    @classmethod
    def cut(cls, name: str, image: torch.Tensor) -> Photo:
        """Cut four windows from a picture (3, H, W) uint8, one towards each corner.

        Raises:
            ImageError: When the picture is too small, or a window is all one colour and cannot be distorted.
        """
        rows, columns = image.shape[1:]
        unit = min(rows / HEIGHT, columns / WIDTH) * _SHARE
        height = max(round(HEIGHT * unit), _SMALLEST[0])
        width = max(round(WIDTH * unit), _SMALLEST[1])
        if height > rows or width > columns:
            raise ImageError(
                f"{name}: {columns} x {rows} pixels are too few; the demo needs {_SMALLEST[1]} x {_SMALLEST[0]}"
            )
        corners = [(y * (rows - height), x * (columns - width)) for y in (0, 1) for x in (0, 1)]
        windows = tuple(_scaled(image[:, y : y + height, x : x + width]) for y, x in corners)
        flat = [number for number, window in enumerate(windows, start=1) if window.min() == window.max()]
        if flat:
            raise ImageError(f"{name}: window {flat[0]} is all one colour; the distortions need contrast")
        return cls(name, windows)

    @classmethod
    def whole(cls, name: str, image: torch.Tensor) -> Photo:
        """Take a picture (3, H, W) uint8 as KADIS does: its largest 4:3 rectangle, scaled to 512 x 384.

        Raises:
            ImageError: When the picture is smaller than a quarter of that, or all one colour and cannot be distorted.
        """
        rows, columns = image.shape[1:]
        unit = min(rows / HEIGHT, columns / WIDTH)
        height, width = round(HEIGHT * unit), round(WIDTH * unit)
        if unit < _SMALLEST[0] / HEIGHT:
            raise ImageError(
                f"{name}: {columns} x {rows} pixels are too few; at least {_SMALLEST[1]} x {_SMALLEST[0]} are needed"
            )
        y, x = (rows - height) // 2, (columns - width) // 2
        picture = _scaled(image[:, y : y + height, x : x + width])
        if picture.min() == picture.max():
            raise ImageError(f"{name}: all one colour; the distortions need contrast")
        return cls(name, (picture,))


def _scaled(window: torch.Tensor) -> torch.Tensor:
    if tuple(window.shape[1:]) == (HEIGHT, WIDTH):
        return window.clone()  # not a view that keeps the whole picture
    wide = interpolate(window[None].float(), (HEIGHT, WIDTH), mode="bicubic", antialias=True)[0]
    return wide.round().clamp(0, 255).to(torch.uint8)


def shipped_photos() -> list[Photo]:
    """Give the demo's photographs, each with its four windows.

    Raises:
        MissingExtraError: When scikit-image or scikit-learn is not installed.
    """
    return [Photo.cut(name, picture) for name, picture in shipped_pictures().items()]


def shipped_pictures() -> dict[str, torch.Tensor]:
    """Give the seven colour photographs that come inside the wheels of scikit-image and scikit-learn, by name.

    Raises:
        MissingExtraError: When either is not installed.
    """
    data = require("skimage.data", "demo")
    datasets = require("sklearn.datasets", "demo")
    pictures = {name: getattr(data, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")}
    pictures["motorcycle"] = data.stereo_motorcycle()[0]
    for name in ("china", "flower"):
        pictures[name] = datasets.load_sample_image(f"{name}.jpg")
    return {name: torch.tensor(picture).permute(2, 0, 1) for name, picture in sorted(pictures.items())}


def photos_in_folder(folder: str | Path, most: int = 12, seed: int = 0) -> tuple[list[Photo], list[Rejected]]:
    """Read a user's own photographs.

    Args:
        folder: Where they are.
        most: Most photographs to use, since each is held out once; more are drawn by (seed, name).
        seed: Seed of the draw.

    Returns:
        Those to use, by name, and those set aside with the reason. A photograph is used with all its windows or not at
        all.

    Raises:
        InputError: When the folder is absent or holds no picture.
    """
    listed = list_images(folder)
    drawn = np.argsort(hash_ids([name for name, _ in listed], seed), kind="stable")
    photos: list[Photo] = []
    rejected: list[Rejected] = []
    for name, path in (listed[at] for at in drawn):
        if len(photos) == most:
            break
        try:
            photos.append(Photo.cut(name, decode(path)))
        except ImageError as error:
            rejected.append(Rejected(name, str(path), str(error)))
    return sorted(photos, key=lambda photo: photo.name), rejected
