"""Work on several images at once on the CPU.

Threads over images scale. torch's threads inside an operation do not: an image's operations are too short for them,
and on a busy machine they wait for each other, ten times longer than the work takes. So an image's operations get one
thread of torch's, and only the kernels use more where there is but one image.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")

_own = threading.local()


def threads() -> int:
    """Give how many threads the kernels may use here: as many as torch may, or this worker's share of them."""
    return getattr(_own, "threads", None) or torch.get_num_threads()


def each(work: Callable[[Item], None], items: Sequence[Item]) -> None:
    """Do the work on every item, on as many threads as there are to use.

    The first error of the items, in their order, is raised; items not begun by then are left.
    """
    total = threads()
    workers = min(total, len(items))
    if workers <= 1:
        before = torch.get_num_threads()
        _begin(total)
        try:
            for item in items:
                work(item)
        finally:
            _own.threads = None
            torch.set_num_threads(before)
        return
    inference = torch.is_inference_mode_enabled()

    def in_thread(item: Item) -> None:
        with torch.inference_mode(inference), torch.no_grad():  # both are a thread's own
            work(item)

    pool = ThreadPoolExecutor(workers, "syndr", _begin, (1,))
    try:
        for _ in pool.map(in_thread, items):
            pass
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(torch.get_num_threads())  # it is each thread's own, but new ones begin with the last set


def _begin(share: int) -> None:
    """Make this thread a worker with this many threads for its kernels, and one for torch."""
    _own.threads = share
    torch.set_num_threads(1)
