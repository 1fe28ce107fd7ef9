"""Pictures of every kind decode to the same RGB; what cannot be decoded says why and what to do."""

from __future__ import annotations

import hashlib
import io
import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from oracle.pictures import UPRIGHT, cmyk_to_rgb, over_white
from PIL import Image

from syndr.errors import ImageError
from syndr.images import FileFacts, center_crop, decode, decoding, random_crop, read_picture

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels(source):
    tensor = decode(source)
    assert tensor.dtype == torch.uint8
    assert tensor.shape[0] == 3
    assert tensor.is_contiguous()
    return tensor.permute(1, 2, 0).numpy()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "WEBP", "JPEG2000"])
def test_lossless_formats_keep_every_pixel(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(pixels(encoded(Image.fromarray(RGB), kind, **options)), RGB)


def test_content_decides_not_the_suffix(tmp_path):
    path = tmp_path / "really a png ☃\n.jpg"
    path.write_bytes(encoded(Image.fromarray(RGB), "PNG"))
    assert np.array_equal(pixels(path), RGB)
    assert np.array_equal(pixels(str(path)), RGB)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(kind, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(Image.fromarray(RGB), kind, exif=exif, **options)
    assert np.array_equal(pixels(data), UPRIGHT[orientation](RGB))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_of_jpeg(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    image = Image.fromarray(RGB)
    plain = pixels(encoded(image, "JPEG", quality=95))
    assert np.array_equal(pixels(encoded(image, "JPEG", quality=95, exif=exif)), UPRIGHT[orientation](plain))


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage!!", b"Exif\0\0MM\0*\0\0\0\xff\x01\x02\x03"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_counts_as_none(kind, exif):
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(pixels(encoded(Image.fromarray(RGB), kind, exif=exif, **options)), RGB)


def test_unknown_orientation_counts_as_none():
    exif = Image.Exif()
    exif[274] = 9
    assert np.array_equal(pixels(encoded(Image.fromarray(RGB), "PNG", exif=exif)), RGB)


def test_greyscale_is_repeated():
    grey = RGB[..., 0]
    assert np.array_equal(pixels(encoded(Image.fromarray(grey), "PNG")), np.stack([grey] * 3, axis=2))


def test_bilevel_is_black_and_white():
    bits = RGB[..., 0] > 127
    assert np.array_equal(pixels(encoded(Image.fromarray(bits), "PNG"))[..., 1], bits * np.uint8(255))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_composited_over_white(kind):
    alpha = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
    alpha[:2], alpha[2:4] = 0, 255
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    data = encoded(Image.fromarray(np.dstack([RGB, alpha])), kind, **options)
    got = pixels(data)
    assert np.abs(got - over_white(RGB.astype(float), alpha)).max() <= 1
    assert (got[:2] == 255).all()
    assert np.array_equal(got[2:4], RGB[2:4])


def test_grey_with_alpha():
    grey, alpha = RGB[..., 0], RGB[..., 1]
    got = pixels(encoded(Image.fromarray(np.dstack([grey, alpha])), "PNG"))
    assert np.abs(got - over_white(np.stack([grey] * 3, axis=2).astype(float), alpha)).max() <= 1


def test_palette_is_looked_up():
    palette = RNG.integers(0, 256, (256, 3), dtype=np.uint8)
    index = RGB[..., 0]
    image = Image.fromarray(index, "L").convert("P")
    image.putpalette(palette.tobytes())
    assert np.array_equal(pixels(encoded(image, "PNG")), palette[index])


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_transparent_palette_entry_becomes_white(kind):
    palette = RNG.integers(0, 200, (256, 3), dtype=np.uint8)
    index = RGB[..., 0]
    image = Image.fromarray(index, "L").convert("P")
    image.putpalette(palette.tobytes())
    palette[7] = 255
    data = encoded(image, kind, transparency=7, optimize=False)
    assert np.array_equal(pixels(data), palette[index])


def test_transparent_colour_key_becomes_white():
    rgb = RGB.copy()
    rgb[:5] = (10, 20, 30)
    got = pixels(encoded(Image.fromarray(rgb), "PNG", transparency=(10, 20, 30)))
    assert (got[:5] == 255).all()
    assert np.array_equal(got[5:], rgb[5:])


def test_cmyk_is_converted():
    cmyk = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)
    got = pixels(encoded(Image.fromarray(cmyk, "CMYK"), "TIFF"))
    assert np.abs(got - cmyk_to_rgb(cmyk.astype(float))).max() <= 1


def test_cmyk_jpeg_has_its_colours_not_their_negative():
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert np.abs(pixels(encoded(red, "JPEG", quality=95)).astype(int) - (255, 0, 0)).max() <= 8


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_rounded(kind):
    deep = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    if kind == "PPM":  # Pillow before 10.3 reads but does not write it
        data = b"P5 256 256 65535\n" + deep.astype(">u2").tobytes()
    else:
        data = encoded(Image.fromarray(deep), kind)
    got = pixels(data)
    assert np.array_equal(got[..., 0], np.round(deep / 257.0).astype(np.uint8))
    assert np.array_equal(got[..., 0], got[..., 2])


def test_only_the_first_frame_is_taken():
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    data = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert np.array_equal(pixels(data), RGB)


def fails(source, *words):
    """Decode must fail with a message of the form 'name: reason; remedy' that holds these words."""
    with pytest.raises(ImageError) as caught:
        decode(source)
    message = str(caught.value)
    name = "image in memory" if isinstance(source, bytes) else str(source)
    assert message.startswith(f"{name}: ")
    assert ";" in message
    for word in words:
        assert word in message
    return message


def test_absent_file(tmp_path):
    fails(tmp_path / "gone.png", "no such file", "restore")


def test_dangling_and_circular_links(tmp_path):
    (tmp_path / "dangling.png").symlink_to("gone.png")
    (tmp_path / "circle.png").symlink_to("circle.png")
    fails(tmp_path / "dangling.png", "no such file")
    fails(tmp_path / "circle.png", "cannot be opened")


def test_folder_and_pipe_are_not_opened(tmp_path):
    fails(tmp_path, "is a folder")
    os.mkfifo(tmp_path / "pipe.png")
    fails(tmp_path / "pipe.png", "device or a pipe")


def test_impossible_path():
    with pytest.raises(ImageError, match="cannot be opened"):
        decode("nul\0byte.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file(tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(b"x")
    path.chmod(0)
    fails(path, "cannot be opened", "permissions")


def test_permission_error_is_explained(tmp_path, monkeypatch):
    path = tmp_path / "secret.png"
    path.write_bytes(b"x")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    fails(path, "cannot be opened", "Permission denied", "permissions")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no file here that opens but cannot be read")
@pytest.mark.parametrize("hashed", [True, False])
def test_a_file_that_opens_but_cannot_be_read(hashed):
    with pytest.raises(ImageError, match=r"^/proc/self/mem: cannot be read \(.*Input/output error\); check the disk$"):
        read_picture("/proc/self/mem", hashed=hashed)


def test_a_file_that_grows_while_it_is_read_is_not_used(tmp_path, monkeypatch):
    path = tmp_path / "copied.png"
    path.write_bytes(encoded(Image.fromarray(RGB), "PNG"))
    opened = Image.open

    def meanwhile(file, **options):
        with path.open("ab") as copying:
            copying.write(b"more")
        return opened(file, **options)

    monkeypatch.setattr(Image, "open", meanwhile)
    fails(path, "the file changed while it was read", "run it again when it is complete")


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)])
def test_a_picture_without_pixels(size):
    width, height = size
    fails(b"P5 %d %d 255\n" % size, "not an image")
    bitmap = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    fails(b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + bitmap, "not an image")


def test_zero_bytes(tmp_path):
    path = tmp_path / "empty.jpg"
    path.touch()
    fails(path, "empty (0 bytes)", "again")
    fails(b"", "empty (0 bytes)")


def test_html_named_jpg(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_text("\n <!DOCTYPE html><html><body>404</body></html>")
    fails(path, "HTML", "download it again")


def test_not_an_image():
    fails(b"just some text, nothing more", "not an image", "b'just som'", "replace or remove")


def test_a_program_is_never_run_to_decode():
    fails(encoded(Image.fromarray(RGB), "EPS"), "not an image")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF", "PPM", "JPEG2000"])
def test_truncated(kind):
    data = encoded(Image.fromarray(RGB), kind)
    message = fails(data[: len(data) * 9 // 10], "truncated")
    assert re.search("copy or download it again", message)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF", "PPM", "JPEG2000"])
def test_every_cut_and_many_flips_give_a_picture_or_an_image_error(kind, recwarn):
    data = encoded(Image.fromarray(RGB[:8, :8]), kind)
    damaged = [data[:length] for length in range(0, len(data), 7)]
    places = RNG.integers(0, len(data), 100)
    damaged += [data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :] for place in places]
    outcomes = set()
    for one in damaged:
        try:
            outcomes.add(type(decode(one)))
        except ImageError as error:
            outcomes.add(type(error))
    assert ImageError in outcomes


def test_too_large_is_refused_before_its_pixels_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "MAX_PIXELS", 599)
    fails(encoded(Image.fromarray(RGB), "PNG"), "too large (30 x 20 pixels)", "599", "scale it down")


def test_decompression_bomb():
    header = encoded(Image.new("1", (1, 1)), "BMP")
    bomb = header[:18] + (50_000).to_bytes(4, "little") * 2 + header[26:]
    fails(bomb, "too large", "scale it down")


def test_values_beyond_16_bits():
    deep = np.array([[0, 70000]], dtype=np.int32)
    fails(encoded(Image.fromarray(deep), "TIFF"), "0 to 70000", "8 or 16 bits")


def test_floating_point_pixels():
    fails(encoded(Image.fromarray(np.ones((2, 2), np.float32)), "TIFF"), "mode F", "8-bit RGB")


CENTRED = {
    "RGB PNG": ("PNG", Image.fromarray(RGB), {}),
    "JPEG": ("JPEG", Image.fromarray(RGB), {"quality": 90}),
    "grey": ("PNG", Image.fromarray(RGB[..., 0]), {}),
    "16-bit grey": ("PNG", Image.fromarray(RGB[..., 0].astype(np.uint16) * 257), {}),
    "alpha": ("PNG", Image.fromarray(RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)), {}),
    "grey with alpha": ("PNG", Image.fromarray(RGB[..., :2].copy()), {}),
    "colour key": ("PNG", Image.fromarray(RGB // 200), {"transparency": (0, 1, 0)}),
    "palette with transparency": ("PNG", Image.fromarray(RGB).quantize(16), {"transparency": 3}),
    "bilevel": ("PNG", Image.fromarray(RGB[..., 0] > 127), {}),
    "CMYK": ("TIFF", Image.fromarray(RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8), "CMYK"), {}),
}


@pytest.mark.parametrize("size", [1, 7, 8, 20, 21, 31])
@pytest.mark.parametrize("kind", CENTRED)
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_central_square_alone_is_that_of_the_whole(kind, size, orientation):
    suffix, image, options = CENTRED[kind]
    exif = Image.Exif()
    exif[274] = orientation
    data = encoded(image, suffix, exif=exif, **options)
    found = read_picture(data, square=size)
    whole = decode(data)
    assert (found.facts.height, found.facts.width) == tuple(whole.shape[1:])
    assert found.pixels.is_contiguous()
    if size <= 20 and kind != "16-bit grey":
        assert found.pixels.shape == (3, size, size)
        assert torch.equal(found.pixels, center_crop(whole, size))
    else:
        assert torch.equal(found.pixels, whole)
    placed = read_picture(data, square=size, place=(0.3, 0.99)).pixels
    cut = found.pixels.shape != whole.shape
    assert torch.equal(placed, random_crop(whole, size, 0.3, 0.99) if cut else whole)


def test_facts_of_a_file(tmp_path):
    data = encoded(Image.fromarray(RGB), "PNG")
    (tmp_path / "a.png").write_bytes(data)
    for source in (data, tmp_path / "a.png", str(tmp_path / "a.png")):
        assert read_picture(source).facts == FileFacts(len(data), None, width=30, height=20)
        content_hash = f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert read_picture(source, hashed=True).facts == FileFacts(len(data), content_hash, width=30, height=20)
    with pytest.raises(ImageError, match=r"^mine\.png: the file is empty"):
        read_picture(b"", name="mine.png")
