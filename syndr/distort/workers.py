"""Work on several images at once on the CPU.

Threads over images scale. torch's threads inside an operation do not: an image's operations are too short for them,
and on a busy machine they wait for each other, ten times longer than the work takes. So images are worked on by
threads of our own, which give torch one thread each; only the kernels use more, where there is but one image.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

import torch

from syndr.torch_threads import thread_pool

Item = TypeVar("Item")

_own = threading.local()
_lock = threading.Lock()
_pool: tuple[int, ThreadPoolExecutor] | None = None


def threads() -> int:
    """Give how many threads the kernels may use here: as many as torch may, or this worker's share of them."""
    share: int | None = getattr(_own, "share", None)
    return torch.get_num_threads() if share is None else share


def each(work: Callable[[Item], None], items: Sequence[Item]) -> None:
    """Do the work on every item, on as many threads as torch may use; no gradient is recorded.

    What torch keeps for each thread (autocast, for one) is as in a new thread, so that it cannot change a pixel.

    The first error of the items, in their order, is raised; items not begun by then are left.
    """
    if getattr(_own, "share", None) is not None:  # a worker already
        for item in items:
            work(item)
        return
    total = torch.get_num_threads()
    runners = min(total, len(items))
    inference = torch.is_inference_mode_enabled()  # what is made in this mode may only be changed in it
    queue, queue_lock = enumerate(items), threading.Lock()
    errors: dict[int, BaseException] = {}

    def run() -> None:
        _own.share = total if runners == 1 else 1
        with torch.inference_mode(inference), torch.no_grad():
            while not errors:
                with queue_lock:
                    at, item = next(queue, (None, None))
                if at is None or item is None:
                    return
                try:
                    work(item)
                except BaseException as error:
                    errors[at] = error

    pool = _workers(total)
    running = [pool.submit(run) for _ in range(runners)]
    try:
        wait(running)
    except BaseException as error:  # Ctrl-C: what has begun is ended, as it writes into the caller's memory
        errors[-1] = error
        wait(running)
    if errors:
        raise errors[min(errors)]


def _workers(count: int) -> ThreadPoolExecutor:
    """Give a pool of at least this many threads, the same one for all calls."""
    global _pool
    with _lock:
        if _pool is None or _pool[0] < count:
            _pool = count, thread_pool(count, "syndr")
        return _pool[1]


def _forget_pool() -> None:
    """A forked process has the pool, but not its threads."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
