"""Pictures written on threads arrive whole; errors arrive too, and stop what has not begun."""

from __future__ import annotations

import threading

import pytest
import torch

from syndr.images import PictureWriter, decode, writer


def picture(number):
    return torch.full((3, 4, 4), number, dtype=torch.uint8)


def test_all_pictures_are_there_when_the_block_ends(tmp_path):
    before = threading.active_count()
    with PictureWriter(threads=3) as pictures:
        for number in range(50):
            pictures.write(tmp_path / f"{number}.png", picture(number))
    assert threading.active_count() == before
    assert all(torch.equal(decode(tmp_path / f"{number}.png"), picture(number)) for number in range(50))
    assert len(list(tmp_path.iterdir())) == 50


def test_few_pictures_wait(tmp_path, monkeypatch):
    """Whoever makes pictures faster than the disk takes them has to wait for it."""
    gate, begun = threading.Semaphore(0), []
    monkeypatch.setattr(writer, "write_image", lambda path, image: (begun.append(path), gate.acquire()))
    handed = []

    def hand_in():
        with PictureWriter(threads=2) as pictures:
            for number in range(10):
                pictures.write(tmp_path / f"{number}.png", picture(number))
                handed.append(number)

    thread = threading.Thread(target=hand_in)
    thread.start()
    thread.join(0.3)
    assert len(handed) == 4
    gate.release(10)
    thread.join()
    assert len(handed) == len(begun) == 10


@pytest.mark.parametrize("late", [True, False])
def test_an_error_of_the_disk_arrives(tmp_path, monkeypatch, late):
    def full(path, image):
        raise OSError("disk full")

    monkeypatch.setattr(writer, "write_image", full)
    with pytest.raises(OSError, match="disk full"), PictureWriter(threads=1) as pictures:
        for number in range(1 if late else 10):
            pictures.write(tmp_path / f"{number}.png", picture(number))


def test_leaving_by_an_exception_drops_what_has_not_begun(tmp_path, monkeypatch):
    started, gate, written = threading.Event(), threading.Event(), []

    def slow(path, image):
        started.set()
        gate.wait(5)
        written.append(path.name)

    monkeypatch.setattr(writer, "write_image", slow)
    with pytest.raises(KeyboardInterrupt), PictureWriter(threads=1) as pictures:
        pictures.write(tmp_path / "0.png", picture(0))
        pictures.write(tmp_path / "1.png", picture(1))
        started.wait(5)
        threading.Timer(0.1, gate.set).start()
        raise KeyboardInterrupt
    assert written == ["0.png"]
