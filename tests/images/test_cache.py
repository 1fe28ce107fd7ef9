"""Pictures stay in memory while there is room, and the last one that there was none for."""

from __future__ import annotations

import pytest
import torch

from syndr.errors import ImageError
from syndr.images import PictureCache, decode, write_image

ONE = 3 * 4 * 4


@pytest.fixture
def decoded(monkeypatch, tmp_path):
    """Names decoded so far, and what decodes them."""
    names = []
    for number, name in enumerate("abc"):
        write_image(tmp_path / f"{name}.png", torch.full((3, 4, 4), number, dtype=torch.uint8))
    monkeypatch.chdir(tmp_path)
    return names, lambda path: names.append(path[-5]) or decode(path)


@pytest.mark.parametrize(
    ("most", "asked", "expected"),
    [
        (3 * ONE, "abcabc", "abc"),
        (2 * ONE, "abcab", "abc"),  # the first ones stay
        (2 * ONE, "abccabc", "abc"),  # and c, as the last one that there was no room for
        (ONE, "abcabc", "abcbc"),
        (0, "aabba", "aba"),
    ],
)
def test_what_is_decoded(decoded, most, asked, expected):
    names, load = decoded
    cache = PictureCache(most, load)
    for name in asked:
        assert cache.get(f"{name}.png").unique().tolist() == ["abc".index(name)]
    assert "".join(names) == expected


def test_a_bad_file_raises_each_time(decoded):
    names, load = decoded
    cache = PictureCache(ONE, load)
    for _ in range(2):
        with pytest.raises(ImageError, match="no such file"):
            cache.get("d.png")
    assert "".join(names) == "dd"
