"""The distortions as one writes them with scikit-image, OpenCV, SciPy or Pillow: picture by picture, by plain calls.

They leave out what the specification adds (the stretch before and after, MATLAB's constants, sizes and ties), so they
do less work than ours, and their pictures are not KADID's. A picture is uint8 (H, W, 3).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr.distort import TYPES
from syndr.distort.blur import disc_kernel, motion_kernel

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Peer:
    """A library's version of one type: its name, the module it needs, and the call on (picture, parameter)."""

    library: str
    needs: str
    call: Callable[[Picture, Any], Any]


def skimage_gaussian(picture: Picture, sigma: float) -> Any:
    from skimage.filters import gaussian

    return gaussian(picture, sigma, truncate=2, mode="nearest", channel_axis=-1)


def opencv_gaussian(picture: Picture, sigma: float) -> Any:
    import cv2

    side = 2 * int(np.ceil(2 * sigma)) + 1
    return cv2.GaussianBlur(picture, (side, side), sigma, borderType=cv2.BORDER_REPLICATE)


def opencv_lens(picture: Picture, radius: float) -> Any:
    import cv2

    return cv2.filter2D(picture, -1, disc_kernel(radius).numpy(), borderType=cv2.BORDER_REPLICATE)


def opencv_motion(picture: Picture, length: float) -> Any:
    import cv2

    return cv2.filter2D(picture, -1, motion_kernel(length, 30).numpy(), borderType=cv2.BORDER_REPLICATE)


def skimage_diffusion(picture: Picture, amount: float) -> Any:
    from skimage.color import lab2rgb, rgb2lab
    from skimage.filters import gaussian

    lab = rgb2lab(picture)
    sigma = 1.5 * amount + 2
    lab[..., 1:] = amount * gaussian(lab[..., 1:], sigma, truncate=2, mode="nearest", channel_axis=-1)
    return lab2rgb(lab)


def pillow_palette(picture: Picture, colours: int) -> Any:
    from PIL import Image

    image = Image.fromarray(picture)
    palette = image.quantize(colours)
    return image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB")


def skimage_hsv(picture: Picture, factor: float) -> Any:
    from skimage.color import hsv2rgb, rgb2hsv

    hsv = rgb2hsv(picture)
    hsv[..., 1] *= factor
    return hsv2rgb(hsv)


def skimage_lab(picture: Picture, factor: float) -> Any:
    from skimage.color import lab2rgb, rgb2lab

    lab = rgb2lab(picture)
    lab[..., 1:] *= factor
    return lab2rgb(lab)


def opencv_lab(picture: Picture, factor: float) -> Any:
    import cv2

    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab[..., 1:] *= factor
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def pillow_jpeg2000(picture: Picture, ratio: float) -> Any:
    options = {"quality_layers": [ratio], "num_resolutions": 5, "irreversible": True, "mct": 1}
    return _through_pillow(picture, "JPEG2000", **options)


def pillow_jpeg(picture: Picture, quality: int) -> Any:
    return _through_pillow(picture, "JPEG", quality=quality)


def _through_pillow(picture: Picture, format: str, **options: Any) -> Any:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, format, **options)
    return np.asarray(Image.open(file))


def skimage_white_noise(picture: Picture, variance: float) -> Any:
    from skimage.util import random_noise

    return random_noise(picture, "gaussian", var=variance)


def skimage_impulse_noise(picture: Picture, amount: float) -> Any:
    from skimage.util import random_noise

    return random_noise(picture, "s&p", amount=amount)


def skimage_speckle(picture: Picture, variance: float) -> Any:
    from skimage.util import random_noise

    return random_noise(picture, "speckle", var=variance)


def opencv_darken(picture: Picture, amount: float) -> Any:
    import cv2
    from scipy.interpolate import CubicSpline

    curve = CubicSpline([0, 0.5, 1], [0, 0.5 - amount / 2, 1])(np.arange(256) / 255)
    return cv2.LUT(picture, (curve.clip(0, 1) * 255).round().astype(np.uint8))


def numpy_mean_shift(picture: Picture, shift: float) -> Any:
    return (picture / np.float32(255) + np.float32(shift)).clip(0, 1)


def opencv_jitter(picture: Picture, sigma: float) -> Any:
    import cv2

    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    moved = picture.astype(np.float32) / 255
    rng = np.random.default_rng()
    for _ in range(5):
        down, right = sigma * rng.standard_normal((2, height, width), dtype=np.float32)
        moved = cv2.remap(moved, columns - right, rows - down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return moved


def scipy_jitter(picture: Picture, sigma: float) -> Any:
    from scipy.ndimage import map_coordinates

    height, width = picture.shape[:2]
    places = np.mgrid[:height, :width]
    moved = picture.transpose(2, 0, 1) / 255
    rng = np.random.default_rng()
    for _ in range(5):
        at = places - sigma * rng.standard_normal((2, height, width))
        moved = np.stack([map_coordinates(plane, at, order=3, mode="nearest") for plane in moved])
    return moved


def pillow_pixelate(picture: Picture, strength: float) -> Any:
    from PIL import Image

    image = Image.fromarray(picture)
    scale = 0.95 - strength**0.6
    small = image.resize([int(np.ceil(scale * side)) for side in image.size], Image.Resampling.NEAREST)
    return small.resize(image.size, Image.Resampling.NEAREST)


def skimage_sharpen(picture: Picture, amount: float) -> Any:
    from skimage.color import lab2rgb, rgb2lab
    from skimage.filters import gaussian

    lab = rgb2lab(picture)
    lab[..., 0] += amount * (lab[..., 0] - gaussian(lab[..., 0], 3, truncate=2, mode="nearest"))
    return lab2rgb(lab)


#: Who does what, by KADID's number. Left out: what none of them has as an operation, and curves like 17's (16, 25).
PEERS: dict[int, tuple[Peer, ...]] = {
    1: (Peer("scikit-image", "skimage", skimage_gaussian), Peer("OpenCV", "cv2", opencv_gaussian)),
    2: (Peer("OpenCV", "cv2", opencv_lens),),
    3: (Peer("OpenCV", "cv2", opencv_motion),),
    4: (Peer("scikit-image", "skimage", skimage_diffusion),),
    6: (Peer("Pillow", "PIL", pillow_palette),),
    7: (Peer("scikit-image", "skimage", skimage_hsv),),
    8: (Peer("scikit-image", "skimage", skimage_lab), Peer("OpenCV", "cv2", opencv_lab)),
    9: (Peer("Pillow", "PIL", pillow_jpeg2000),),
    10: (Peer("Pillow", "PIL", pillow_jpeg),),
    11: (Peer("scikit-image", "skimage", skimage_white_noise),),
    13: (Peer("scikit-image", "skimage", skimage_impulse_noise),),
    14: (Peer("scikit-image", "skimage", skimage_speckle),),
    17: (Peer("OpenCV", "cv2", opencv_darken),),
    18: (Peer("NumPy", "numpy", numpy_mean_shift),),
    19: (Peer("OpenCV", "cv2", opencv_jitter), Peer("SciPy", "scipy", scipy_jitter)),
    21: (Peer("Pillow", "PIL", pillow_pixelate),),
    24: (Peer("scikit-image", "skimage", skimage_sharpen),),
}


def distort_all(peer: Peer, number: int, pictures: list[Picture], levels: list[int]) -> None:
    """Distort one picture after the other."""
    parameters = TYPES[number].levels
    for picture, level in zip(pictures, levels, strict=True):
        peer.call(picture, parameters[level - 1])
