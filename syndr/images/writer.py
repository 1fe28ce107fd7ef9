"""Encoding and writing on threads, behind whoever makes the pictures."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import torch

from syndr.images.encoding import write_image
from syndr.threads import default_threads


class PictureWriter:
    """Writes pictures several at a time, each whole or not at all; a context manager.

    Compressing releases the interpreter's lock, so threads use several cores. Leaving the block waits for all
    pictures; leaving it by an exception drops what has not begun and waits for the rest.

    Args:
        threads: Number of threads; by default the cores this process may use.
    """

    def __init__(self, threads: int | None = None) -> None:
        threads = threads or default_threads()
        self._most_waiting = 2 * threads
        self._waiting: deque[Future[None]] = deque()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="syndr-write")

    def __enter__(self) -> PictureWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            while kind is None and self._waiting:
                self._waiting.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def write(self, path: Path, image: torch.Tensor) -> None:
        """Write a picture as :func:`~syndr.images.write_image` does, later; wait where too many are waiting.

        Raises:
            OSError, InputError: When an earlier picture could not be written.
        """
        if len(self._waiting) >= self._most_waiting:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(write_image, path, image))
