"""The sheet holds each distorted picture, scaled down, where its type and level say."""

import numpy as np
import pytest
import torch
from pictures import scene
from PIL import Image

from syndr.distort import TYPES, distort
from syndr.errors import InputError
from syndr.report import contact_sheet as sheets
from syndr.report.contact_sheet import caption, contact_sheet


def picture(height, width, seed=0):
    return torch.from_numpy(scene(seed, height, width)).permute(2, 0, 1).contiguous()


def found(sheet, cell):
    """Where a picture (3, h, w) stands on the sheet, exactly: (top, left), or None."""
    height, width = cell.shape[1:]
    corners = (sheet[:, : sheet.shape[1] - height + 1, : sheet.shape[2] - width + 1] == cell[:, :1, :1]).all(0)
    for top, left in corners.nonzero().tolist():
        if torch.equal(sheet[:, top : top + height, left : left + width], cell):
            return top, left
    return None


def test_cells_are_the_distorted_pictures_in_rows_and_columns():
    image = picture(60, 90)
    types, levels = [1, 11, 21], [2, 5]
    sheet = contact_sheet(image, types, levels, seed=7)
    assert sheet.dtype == torch.uint8
    cells = {(t, level): found(sheet, distort(image[None], t, level, 7)[0]) for t in types for level in levels}
    original = found(sheet, image)
    tops = [original[0], *(cells[t, 2][0] for t in types)]
    assert tops == sorted(set(tops))  # the original is above all
    for t in types:
        assert cells[t, 2][0] == cells[t, 5][0]
        assert cells[t, 2][1] == original[1] < cells[t, 5][1]
    assert not torch.equal(contact_sheet(image, [11], [2], seed=8), contact_sheet(image, [11], [2], seed=7))


def test_large_pictures_are_distorted_first_and_scaled_down_then():
    image = picture(300, 512)
    sheet = contact_sheet(image, [21], [3])
    made = Image.fromarray(distort(image[None], 21, 3, 0)[0].permute(1, 2, 0).numpy())
    small = made.resize((256, 150), Image.Resampling.LANCZOS)
    assert found(sheet, torch.from_numpy(np.array(small)).permute(2, 0, 1)) is not None


def test_every_type_is_named_and_every_level_captioned(monkeypatch):
    written = []
    monkeypatch.setattr(sheets._Sheet, "_write", lambda self, place, text, size, color: written.append(text))
    contact_sheet(picture(64, 64), list(TYPES), [1, 2, 3, 4, 5], name="holiday.jpg")
    assert written[0] == "holiday.jpg"
    assert "64 x 64 pixels" in written[1]
    texts = [text.replace("\n", " ") for text in written]
    for number, entry in TYPES.items():
        assert {str(number), entry.name} <= set(texts)
        assert all(caption(entry, level) in texts for level in range(1, 6))
    assert texts.count("random") == sum(entry.stochastic for entry in TYPES.values())


def test_captions_name_the_parameter():
    assert caption(TYPES[1], 3) == "level 3: sigma 1"
    assert caption(TYPES[10], 4) == "level 4: quality 7"
    assert caption(TYPES[12], 1) == "level 1: variance 0.0001"


@pytest.mark.parametrize("size", [(64, 64), (48, 400), (400, 48)])
def test_nothing_leaves_the_sheet_and_texts_do_not_touch_pictures(size, monkeypatch):
    pasted, written = [], []
    real = sheets._Sheet._write

    def note(self, place, text, font, color):
        from PIL import ImageDraw

        written.append(ImageDraw.Draw(self.canvas).multiline_textbbox(place, text, font=sheets._font(font), spacing=4))
        real(self, place, text, font, color)

    monkeypatch.setattr(sheets._Sheet, "_write", note)
    paste = Image.Image.paste
    monkeypatch.setattr(
        Image.Image, "paste", lambda self, im, box: (pasted.append((*box, box[0] + im.width, box[1] + im.height)),
                                                     paste(self, im, box))[1],
    )  # fmt: skip
    sheet = contact_sheet(picture(*size), [12, 20], [1, 5], name="a very long name of a picture " * 9)
    height, width = sheet.shape[1:]
    boxes = pasted + written
    assert len(pasted) == 5
    assert all(x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height for x0, y0, x1, y1 in boxes)
    for at, (x0, y0, x1, y1) in enumerate(boxes):
        for u0, v0, u1, v1 in boxes[:at]:
            assert x1 <= u0 or u1 <= x0 or y1 <= v0 or v1 <= y0


def test_a_constant_picture_is_named():
    with pytest.raises(InputError, match=r"image 'grey\.png' is constant"):
        contact_sheet(torch.full((3, 64, 64), 9, dtype=torch.uint8), [1], [1], name="grey.png")


def test_progress_is_told_of_rows():
    seen = []
    contact_sheet(picture(64, 64), [1, 2], [1], progress=lambda *state: seen.append(state))
    assert seen == [("distort", 0, 2), ("distort", 1, 2), ("distort", 2, 2)]
