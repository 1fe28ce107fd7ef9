from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from syndr.errors import InputError
from syndr.images import decode, encode_png, write_image

PICTURE = torch.randint(0, 256, (3, 5, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("name", "kind"), [("a/b.png", "PNG"), ("a.BMP", "BMP")])
def test_written_pictures_come_back(tmp_path, name, kind):
    write_image(tmp_path / name, PICTURE)
    assert torch.equal(decode(tmp_path / name), PICTURE)
    with Image.open(tmp_path / name) as image:
        assert image.format == kind
        assert np.array_equal(np.asarray(image), PICTURE.permute(1, 2, 0).numpy())


def test_png_bytes_come_back():
    assert torch.equal(decode(encode_png(PICTURE)), PICTURE)
    assert torch.equal(decode(encode_png(PICTURE.flip(2))), PICTURE.flip(2))


def test_a_lossy_suffix_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"a\.jpg: .*\.png or \.bmp"):
        write_image(tmp_path / "a.jpg", PICTURE)


@pytest.mark.parametrize("image", [PICTURE.float(), PICTURE[:1], PICTURE[None], PICTURE[:, :0]])
def test_other_tensors_are_refused_and_leave_no_file(tmp_path, image):
    with pytest.raises(InputError, match="uint8 of shape"):
        write_image(tmp_path / "a.png", image)
    assert not list(tmp_path.iterdir())
