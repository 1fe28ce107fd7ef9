"""Threads of our own that share what threads torch may use."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import torch


def thread_pool(count: int, name: str) -> ThreadPoolExecutor:
    """Begin threads, each with its share of torch's threads, at least one.

    By default each would have as many helpers for torch's larger operations as there are cores, and helpers wait for
    more work by spinning: they would take the cores from the threads that have some.

    The number is each thread's own from its first operation on, and that begins with the number set last, by whomever.
    So each asks for it before it sets its own; and when all have, the caller's is set again, for the threads of others.
    """
    before = torch.get_num_threads()
    share = max(1, before // count)
    begun = threading.Barrier(count + 1)

    def begin() -> None:
        torch.get_num_threads()
        torch.set_num_threads(share)
        begun.wait()

    pool = ThreadPoolExecutor(count, name)
    try:
        for _ in range(count):
            pool.submit(begin)
        begun.wait()
    except BaseException:  # no more threads to be had, or Ctrl-C: those that have begun would wait for ever
        begun.abort()
        pool.shutdown()
        raise
    finally:
        torch.set_num_threads(before)
    return pool
