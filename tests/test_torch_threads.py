import threading
from concurrent.futures import Future

import pytest
import torch

from syndr.images import read_ahead
from syndr.torch_threads import thread_pool


@pytest.fixture(autouse=True)
def eight():
    before = torch.get_num_threads()
    torch.set_num_threads(8)
    yield
    torch.set_num_threads(before)


def in_a_new_thread():
    found = Future()
    threading.Thread(target=lambda: found.set_result(torch.get_num_threads())).start()
    return found.result()


def shares(pool, count):
    together = threading.Barrier(count)

    def ask():
        together.wait()
        return torch.get_num_threads()

    return {future.result() for future in [pool.submit(ask) for _ in range(count)]}


@pytest.mark.parametrize(("count", "share"), [(1, 8), (3, 2), (8, 1), (20, 1)])
def test_each_keeps_its_share_and_nobody_else_is_changed(count, share):
    with thread_pool(count, "test") as pool:
        for others in (8, 5):
            torch.set_num_threads(others)
            assert shares(pool, count) == {share}
            assert torch.get_num_threads() == in_a_new_thread() == others


def test_pictures_left_half_read_change_nothing_when_they_are_forgotten():
    torch.set_num_threads(1)
    pictures = read_ahead(range(100), lambda item: torch.zeros(3, 1, 1), threads=2)
    next(pictures)
    torch.set_num_threads(8)
    del pictures
    assert torch.get_num_threads() == in_a_new_thread() == 8


def test_where_no_more_threads_can_begin_none_is_left_waiting(monkeypatch):
    start = threading.Thread.start

    def refuse(thread):
        if thread.name == "test_2":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="can't start"):
        thread_pool(4, "test")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("test_")]
    assert torch.get_num_threads() == in_a_new_thread() == 8
