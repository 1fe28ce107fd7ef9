"""From the bytes of an image file to an RGB tensor, the same way for every file."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, UnidentifiedImageError

from syndr.errors import ImageError
from syndr.images.crops import crop_offsets

#: Larger pictures are refused before any pixel is read. It is Pillow's own line between a warning and an error.
MAX_PIXELS = 178_956_970

# Only formats whose content identifies them and whose decoder is a library; EPS, for one, would run a program.
_FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
_DEEP_GREY = {"I", "I;16", "I;16B", "I;16L", "I;16N"}
_CONVERTIBLE = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr"}

# EXIF orientation (tag 274) -> the transposition that makes the stored picture upright.
_ORIENTATION_TAG = 274
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(source: str | Path | bytes) -> torch.Tensor:
    """Decode an image file; its content decides the format, never its name.

    The EXIF orientation is applied (an EXIF block that cannot be read counts as none). Grey is repeated over
    the channels; 16-bit grey becomes ``round(v / 257)``. Palettes are looked up, and transparency is
    composited over white. CMYK is converted by the plain formula ``(1 - c)(1 - k)``; colour profiles are not
    applied. 16-bit colour keeps its high byte, as Pillow reads it. Of several frames the first is taken.

    Args:
        source: The file's path, or its bytes.

    Returns:
        uint8 tensor of shape (3, H, W), RGB, contiguous.

    Raises:
        ImageError: When the file is absent, empty, not an image of a known format (BMP, GIF, JPEG, JPEG 2000,
            PNG, PNM, TIFF, WebP), truncated, damaged, larger than ``MAX_PIXELS``, or of a pixel type without
            a declared range. The message begins with the path and says what to do.
    """
    return read_picture(source).pixels


@dataclass(frozen=True)
class FileFacts:
    """What is known of an image's file.

    Attributes:
        size: Bytes; None when the picture came from no file.
        content_hash: ``"sha256:..."`` of the bytes; None unless asked for.
        width: Pixels, upright.
        height: Pixels, upright.
    """

    size: int | None
    content_hash: str | None
    width: int
    height: int


@dataclass(frozen=True)
class Picture:
    """A decoded picture and the facts of its file.

    Attributes:
        pixels: uint8 tensor of shape (3, H, W), RGB, contiguous.
        facts: What is known of the file.
    """

    pixels: torch.Tensor
    facts: FileFacts


def read_picture(
    source: str | Path | bytes,
    name: str | None = None,
    hashed: bool = False,
    square: int | None = None,
    place: tuple[float, float] | None = None,
) -> Picture:
    """Decode an image file as :func:`decode` does, and take note of its size, width and height.

    Args:
        source: The file's path, or its bytes.
        name: What to call it in errors; by default its path.
        hashed: Whether to hash the file's bytes.
        square: Side of the square that is wanted: where both sides of the picture are at least as long, the
            pixels are those of ``center_crop(picture, square)``, made without copying the rest.
        place: Uniform draws in [0, 1) for the vertical and the horizontal place of that square, which then is that of
            ``random_crop(picture, square, *place)``.

    Raises:
        ImageError: As :func:`decode`.
    """
    if isinstance(source, bytes):
        return _read(io.BytesIO(source), name or "image in memory", len(source), hashed, _Square(square, place))
    name = name or str(source)
    with _open(Path(source)) as file:
        before = os.fstat(file.fileno())
        picture = _read(file, name, before.st_size, hashed, _Square(square, place))
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ImageError(f"{name}: the file changed while it was read; run it again when it is complete")
    return picture


@dataclass(frozen=True)
class _Square:
    """The square that is wanted of a picture, cut before anything is converted; see ``read_picture``."""

    side: int | None
    place: tuple[float, float] | None

    def cut(self, image: Image.Image) -> Image.Image:
        # Only where conversion goes pixel by pixel.
        if self.side is None or min(image.size) < self.side or image.mode not in _CONVERTIBLE:
            return image
        top, left = crop_offsets(image.height, image.width, self.side, self.place)
        return image.crop((left, top, left + self.side, top + self.side))


def _read(file: BinaryIO, name: str, size: int, hashed: bool, square: _Square) -> Picture:
    content_hash = None
    if hashed:
        try:
            content_hash = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"  # type: ignore[arg-type]
            file.seek(0)
        except OSError as error:
            raise ImageError(f"{name}: cannot be read ({error}); check the disk") from error
    pixels, (width, height) = _decode(file, name, square)
    return Picture(pixels, FileFacts(size, content_hash, width, height))


def _open(path: Path) -> BinaryIO:
    try:
        # Opening a pipe or a device could block for ever, so the kind is asked first.
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "is a folder" if stat.S_ISDIR(mode) else "is a device or a pipe"
            raise ImageError(f"{path}: {kind}, not an image file; correct the path")
        return path.open("rb")
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file; correct the path or restore the file") from error
    except (OSError, ValueError) as error:
        raise ImageError(f"{path}: cannot be opened ({error}); check its permissions and the disk") from error


def _decode(file: BinaryIO, name: str, square: _Square) -> tuple[torch.Tensor, tuple[int, int]]:
    head = b""
    try:
        head = file.read(64)
        if not head:
            raise ImageError(f"{name}: the file is empty (0 bytes); copy or download it again")
        file.seek(0)
        with Image.open(file, formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError(f"{image.width} x {image.height} pixels")
            image.load()
            upright = _upright(image)
            pixels = _rgb(square.cut(upright), name)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # Pillow's readers raise many kinds on bad bytes: SyntaxError, struct.error ...
        raise ImageError(f"{name}: {_diagnosis(error, head)}") from error
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy()), upright.size


def _diagnosis(error: Exception, head: bytes) -> str:
    """Say what is wrong with a file that could not be decoded, and what to do."""
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"too large ({error}); the limit is {MAX_PIXELS} pixels, so scale it down first"
    if isinstance(error, UnidentifiedImageError):
        if head.lstrip().startswith(b"<"):
            return "not an image but HTML or XML text, perhaps a saved error page; download it again"
        return (
            f"not an image, or cut off at its very start (it begins with {head[:8]!r}; readable are "
            f"{', '.join(_FORMATS)}); replace or remove it"
        )
    text = str(error)
    if isinstance(error, OSError) and error.errno is not None:  # the system's; Pillow's own have no number
        return f"cannot be read ({text}); check the disk"
    if isinstance(error, EOFError) or any(word in text.lower() for word in ("truncated", "eof", "but only got")):
        return f"truncated ({text}); copy or download it again"
    return f"damaged or truncated ({type(error).__name__}: {text}); copy or download it again"


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except Exception:  # Pillow itself passes over a broken EXIF block in a JPEG but not in a PNG or WebP.
        return image
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _rgb(image: Image.Image, name: str) -> npt.NDArray[np.uint8]:
    """Give the pixels as a uint8 array of shape (H, W, 3)."""
    if image.mode in _DEEP_GREY:
        grey = np.asarray(image).astype(np.int64)
        if grey.min() < 0 or grey.max() > 65535:
            raise ImageError(
                f"{name}: grey values {grey.min()} to {grey.max()} are not 16-bit; save it with 8 or 16 bits"
            )
        return np.repeat(((grey + 128) // 257).astype(np.uint8)[..., None], 3, axis=2)
    if image.mode not in _CONVERTIBLE:
        raise ImageError(f"{name}: pixels of mode {image.mode} are not handled; save it as 8-bit RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))  # which would copy
