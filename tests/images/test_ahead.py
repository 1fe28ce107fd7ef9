from __future__ import annotations

import threading
import time

import pytest
import torch

from syndr.errors import ImageError
from syndr.images import decode, encode_png, read_ahead


def one(value):
    return torch.tensor([value])


@pytest.mark.parametrize("ahead", [1, 3, 100])
def test_order_is_kept_whatever_takes_longer(ahead):
    def load(item):
        time.sleep(0.005 * (item % 3 == 0))
        return one(item)

    assert [int(got) for got in read_ahead(range(20), load, threads=4, ahead=ahead)] == list(range(20))


def test_bad_files_stand_in_their_place(tmp_path):
    picture = torch.zeros((3, 2, 2), dtype=torch.uint8)
    (tmp_path / "a.png").write_bytes(encode_png(picture))
    (tmp_path / "b.png").write_bytes(b"")
    paths = [tmp_path / name for name in ("a.png", "b.png", "gone.png", "a.png")]
    got = list(read_ahead(paths, decode))
    assert torch.equal(got[0], picture)
    assert torch.equal(got[3], picture)
    assert "empty" in str(got[1])
    assert "no such file" in str(got[2])
    assert isinstance(got[1], ImageError)


def test_other_errors_are_raised_in_their_turn():
    def load(item):
        if item == 2:
            raise ZeroDivisionError
        return one(item)

    pictures = read_ahead(range(5), load)
    assert [int(next(pictures)), int(next(pictures))] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(pictures)


def test_no_more_than_allowed_is_loaded_ahead():
    loaded = []
    pictures = read_ahead(range(100), lambda item: loaded.append(item) or one(item), threads=4, ahead=5)
    for _ in range(3):
        next(pictures)
    time.sleep(0.05)
    assert len(loaded) <= 3 + 5
    pictures.close()


def test_closing_stops_the_threads():
    pictures = read_ahead(range(1000), one, threads=3)
    next(pictures)
    pictures.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("syndr-read-ahead")]


def test_nothing_to_load():
    assert list(read_ahead([], one)) == []
