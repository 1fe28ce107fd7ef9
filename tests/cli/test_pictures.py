import pytest
import torch
from pictures import write_scenes
from PIL import Image

from syndr.distort import TYPES, distort
from syndr.images import decode


@pytest.fixture
def photo(tmp_path):
    return write_scenes(tmp_path, 1, height=64, width=80)[0]


def test_a_sheet_of_everything(syndr, photo, tmp_path):
    ended = syndr("distort", photo, "-o", tmp_path / "new" / "sheet.png", "--json")
    assert ended.code == 0
    assert ended.json["types"] == list(TYPES)
    assert ended.json["levels"] == [1, 2, 3, 4, 5]
    sheet = decode(tmp_path / "new" / "sheet.png")
    assert sheet.shape == (3, ended.json["height"], ended.json["width"])


def test_a_sheet_of_a_row_or_a_column_is_smaller(syndr, photo, tmp_path):
    sizes = {}
    for name, options in {"row": ["--type", 4], "column": ["--level", 3], "all": []}.items():
        result = syndr("distort", photo, "-o", tmp_path / f"{name}.bmp", "--json", *options).json
        sizes[name] = result["width"], result["height"]
    assert sizes["row"][0] == sizes["all"][0] > sizes["column"][0]
    assert sizes["column"][1] == sizes["all"][1] > sizes["row"][1]


@pytest.mark.parametrize(("kind", "seed"), [(4, 0), (11, 0), (11, 2**40)])
def test_type_and_level_write_the_one_picture(syndr, photo, tmp_path, kind, seed):
    ended = syndr("distort", photo, "--type", kind, "--level", 3, "--seed", seed, "-o", tmp_path / "one.png")
    assert ended.code == 0
    assert "80 x 64 pixels" in ended.out
    assert torch.equal(decode(tmp_path / "one.png"), distort(decode(photo)[None], kind, 3, seed)[0])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["absent.png"], 2, "absent.png"),
        ([__file__], 1, "not an image"),
        (["PHOTO", "--type", 26], 2, "distortion types 26 cannot be synthesized; there are 1, 2"),
        (["PHOTO", "--level", 6], 2, "--level"),
        (["PHOTO", "--level", 0], 2, "--level"),
        (["PHOTO", "-o", "sheet.jpg"], 2, "use a name ending in .png or .bmp"),
        (["PHOTO", "-o", "PHOTO"], 2, "this is the picture itself"),
        (["FLAT"], 2, "image 'flat.png' is constant"),
        (["SMALL"], 2, "need 48 pixels on each side; the images are 40 x 50"),
        (["PHOTO", "--seed", 2**64], 2, "does not fit into 64 bits"),
    ],
)
def test_refuses(syndr, photo, tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 64), "grey").save("flat.png")
    write_scenes(tmp_path / "small", 1, height=40, width=50)[0].rename("small.png")
    before = sorted(tmp_path.rglob("*"))
    names = {"PHOTO": photo, "FLAT": "flat.png", "SMALL": "small.png"}
    ended = syndr("distort", *(names.get(argument, argument) for argument in arguments))
    assert ended.code == code
    assert ended.out == ""
    assert message in ended.err
    assert ended.err.splitlines()[-1].startswith("error: ")
    assert sorted(tmp_path.rglob("*")) == before
