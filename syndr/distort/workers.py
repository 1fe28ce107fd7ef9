"""Work on several images at once on the CPU: threads over images scale, torch's threads inside an operation do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")


def each(work: Callable[[Item], None], items: Sequence[Item]) -> None:
    """Do the work on every item, on as many threads as torch may use; each leaves torch one thread for itself.

    The first error of the items, in their order, is raised; items not begun by then are left.
    """
    total = torch.get_num_threads()
    threads = min(total, len(items))
    if threads == 1:
        for item in items:
            work(item)
        return
    inference = torch.is_inference_mode_enabled()

    def alone(item: Item) -> None:
        with torch.inference_mode(inference), torch.no_grad():  # both are a thread's own
            work(item)

    pool = ThreadPoolExecutor(threads, "syndr", torch.set_num_threads, (1,))
    try:
        for _ in pool.map(alone, items):
            pass
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(total)  # it is each thread's own, but new threads begin with what was set last
