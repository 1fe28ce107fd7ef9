"""Decoding on threads, ahead of whoever uses the pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future, wait
from contextlib import nullcontext
from typing import TypeVar

from syndr.errors import ImageError
from syndr.threads import default_threads
from syndr.torch_threads import thread_pool

T = TypeVar("T")
R = TypeVar("R")


def read_ahead(
    items: Iterable[T],
    load: Callable[[T], R],
    threads: int | None = None,
    ahead: int = 32,
    pool: Executor | None = None,
) -> Generator[R | ImageError, None, None]:
    """Load pictures on a pool of threads and yield them in order.

    Decoding releases the interpreter's lock, so threads use several cores without copying pictures between
    processes. Closing the iterator (or breaking off) drops what has not begun and waits for the rest.

    Args:
        items: What to load, such as paths.
        load: Gives the picture of one item, as :func:`~syndr.images.decode` does; called on the threads.
        threads: Number of threads; by default the cores this process may use.
        ahead: How many pictures may be under way or waiting; bounds the memory.
        pool: Threads to use instead of new ones; they are left running.

    Yields:
        For each item, in order, its picture, or the :class:`ImageError` that ``load`` raised.

    Raises:
        Exception: Whatever else ``load`` raises, when its item's turn comes.
    """

    def attempt(item: T) -> R | ImageError:
        try:
            return load(item)
        except ImageError as error:
            return error

    own = thread_pool(threads or default_threads(), "syndr-read-ahead") if pool is None else nullcontext(pool)
    waiting: deque[Future[R | ImageError]] = deque()
    with own as workers:
        try:
            for item in items:
                waiting.append(workers.submit(attempt, item))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            wait([future for future in waiting if not future.cancel()])
