"""Decoded pictures kept in memory, within bounds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import torch

from syndr.images.decoding import decode


class PictureCache:
    """Decoded pictures by path, least recently used first out; threads may share it.

    Args:
        most_bytes: Most memory for the pictures; the last one is kept even when it alone takes more.
        load: Gives the picture of a path; :func:`~syndr.images.decode` by default.
    """

    def __init__(self, most_bytes: int, load: Callable[[str], torch.Tensor] | None = None) -> None:
        self._most = most_bytes
        self._load = load
        self._held = 0
        self._pictures: OrderedDict[str, torch.Tensor] = OrderedDict()
        self._lock = Lock()

    def get(self, path: str) -> torch.Tensor:
        """Give a picture as ``load`` does; it is shared, so it must not be changed.

        Raises:
            ImageError: When it cannot be read.
        """
        with self._lock:
            if path in self._pictures:
                self._pictures.move_to_end(path)
                return self._pictures[path]
        picture = (
            decode(path) if self._load is None else self._load(path)
        )  # outside the lock: two threads may do it twice, none waits for another's file
        with self._lock:
            if path not in self._pictures:
                self._pictures[path] = picture
                self._held += picture.nbytes
            while self._held > self._most and len(self._pictures) > 1:
                self._held -= self._pictures.popitem(last=False)[1].nbytes
        return picture
