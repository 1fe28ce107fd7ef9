"""JPEG and JPEG 2000: what is in the files, and what comes out of them."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from syndr.distort import TYPES, NvImageCodec, distort, jpeg, jpeg2000, set_jpeg_codec
from syndr.distort.compression import encode_jpeg, encode_jpeg2000
from syndr.errors import ImageError, InputError

# ITU-T T.81, annex K, tables K.1 and K.2.
LUMINANCE = """16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"""
CHROMINANCE = """17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99"""


def hwc(images):
    return images[0].permute(1, 2, 0).contiguous().numpy()


def segments(data):
    """Yield (marker, payload) of a JPEG file up to its scan, or of a codestream up to its first tile."""
    position = 2
    while data[position + 1] not in (0xDA, 0x90):
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        yield data[position + 1], data[position + 4 : position + 2 + length]
        position += 2 + length


@pytest.mark.parametrize("quality", TYPES[10].levels)
def test_jpeg_file_is_baseline_420_with_ijg_tables(photograph, quality):
    found = list(segments(encode_jpeg(hwc(photograph(70, 81)), quality)))
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    expected = [
        [min(max((int(v) * scale + 50) // 100, 1), 255) for v in table.split()] for table in (LUMINANCE, CHROMINANCE)
    ]
    tables = b"".join(payload for marker, payload in found if marker == 0xDB)
    assert [sorted(tables[at + 1 : at + 65]) for at in (0, 65)] == [sorted(table) for table in expected]
    assert [tables[at + 1 : at + 4] for at in (0, 65)] == [bytes((t[0], t[1], t[8])) for t in expected]
    (frame,) = (payload for marker, payload in found if marker == 0xC0)
    assert [frame[7 + 3 * component] for component in range(3)] == [0x22, 0x11, 0x11]


@pytest.mark.parametrize("ratio", TYPES[9].levels)
def test_jpeg2000_file_has_the_specified_coding_style(photograph, ratio):
    data = encode_jpeg2000(hwc(photograph(384, 512)), ratio)
    codestream = data[data.index(b"\xff\x4f\xff\x51") :]
    found = dict(segments(codestream))
    style = found[0x52]
    progression, layers, transform = style[1], int.from_bytes(style[2:4], "big"), style[4]
    decompositions, block_width, block_height, _, wavelet = style[5:10]
    assert (progression, layers, transform) == (0, 1, 1)
    assert (decompositions, 4 << block_width, 4 << block_height, wavelet) == (4, 64, 64, 0)
    size = found[0x51]
    width, height, tile_width, tile_height = (int.from_bytes(size[at : at + 4], "big") for at in (2, 6, 18, 22))
    assert (width, height, tile_width, tile_height) == (512, 384, 512, 384)
    target = 3 * 512 * 384 / ratio
    assert 0.8 * target <= len(codestream) <= target


@pytest.mark.parametrize("codec", [lambda x: jpeg(x, 24), lambda x: jpeg2000(x, 45)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_codecs_keep_shape_dtype_and_order(photograph, codec, dtype):
    images = torch.cat([photograph(65, 91, seed=seed) for seed in range(5)]).to(dtype) / 255
    decoded = codec(images)
    assert decoded.shape == images.shape and decoded.dtype == dtype
    levels = decoded.double() * 255
    torch.testing.assert_close(levels, levels.round(), rtol=0, atol=1e-4)
    for row in range(5):
        assert torch.equal(decoded[row : row + 1], codec(images[row : row + 1]))
    distance = torch.cdist(images.flatten(1), decoded.flatten(1))
    assert distance.argmin(1).tolist() == list(range(5))


@pytest.mark.parametrize("number", [9, 10])
def test_quality_falls_with_the_level(photograph, number):
    images = photograph(192, 256).double() / 255
    errors = [
        (TYPES[number].function(images, parameter) - images).square().mean().item()
        for parameter in TYPES[number].levels
    ]
    assert errors == sorted(errors) and errors[0] < errors[-1]


def test_jpeg2000_needs_room_for_its_wavelets(photograph):
    assert jpeg2000(photograph(16, 16).double() / 255, 16).shape == (1, 3, 16, 16)
    with pytest.raises(InputError, match=r"need 16 pixels on each side; the images are 64 x 15"):
        jpeg2000(photograph(64, 15).double() / 255, 16)


@pytest.fixture
def chosen():
    """Choose a codec for images on the CPU."""
    yield lambda codec: set_jpeg_codec(codec, "cpu")
    set_jpeg_codec(None, "cpu")


def test_a_chosen_codec_makes_type_10_and_no_other(photograph, chosen):
    images = torch.cat([photograph(65, 91, seed) for seed in range(3)])
    seen = []

    def negative(pictures, quality):
        seen.append((pictures.shape, pictures.dtype, quality))
        return 255 - pictures

    before = distort(images, [10, 9, 1], 3, range(3))
    chosen(negative)
    after = distort(images, [10, 9, 1], 3, range(3))
    assert seen == [((1, 65, 91, 3), torch.uint8, TYPES[10].levels[2])]
    assert torch.equal(after[0], 255 - images[0]) and torch.equal(after[1:], before[1:])
    chosen(None)
    assert torch.equal(distort(images, [10, 9, 1], 3, range(3)), before)


def stand_in(made, broken=None):
    """nvImageCodec's module as far as it is used, with Pillow behind it."""

    def encode(pictures, codec, params, cuda_stream):
        made.append((codec, params, cuda_stream))
        return [encode_jpeg(picture.numpy(), params["quality_value"]) for picture in pictures]

    def decode(files, cuda_stream):
        pictures = [torch.from_numpy(np.array(Image.open(io.BytesIO(file)))) for file in files]
        return [None if row == broken else picture for row, picture in enumerate(pictures)]

    def make_decoder(device_id, options):
        made.append((device_id, options))
        return SimpleNamespace(decode=decode)

    return SimpleNamespace(
        EncodeParams=dict,
        QualityType=SimpleNamespace(QUALITY="quality"),
        ChromaSubsampling=SimpleNamespace(CSS_420="4:2:0"),
        as_images=lambda pictures, cuda_stream: pictures,
        Encoder=lambda device_id: SimpleNamespace(encode=encode),
        Decoder=make_decoder,
    )


def test_nvimagecodec_is_asked_for_what_the_specification_says(monkeypatch, photograph, chosen):
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: SimpleNamespace(cuda_stream=77))
    images = torch.cat([photograph(65, 91, seed) for seed in range(3)]).double() / 255
    expected = jpeg(images, 24)
    made = []
    chosen(NvImageCodec(stand_in(made)))
    assert torch.equal(jpeg(images, 24), expected)
    asked = {"quality_type": "quality", "quality_value": 24, "chroma_subsampling": "4:2:0"}
    assert made == [(None, ":fancy_upsampling=1"), ("jpeg", asked, 77)]
    jpeg(images, 24)
    assert len(made) == 3  # the coders are kept
    chosen(NvImageCodec(stand_in(made, broken=1)))
    with pytest.raises(ImageError, match="could not decode picture 1 of 3 as JPEG"):
        jpeg(images, 24)
