"""Decoded pictures kept in memory, within bounds."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import torch

from syndr.images.decoding import decode


class PictureCache:
    """Decoded pictures by path: the first that come stay, as many as there is room for; threads may share it.

    Training asks for every picture once in each epoch, in another order each time. To drop the least recently used one
    for each newcomer would then leave few hits: 15% where half of the pictures fit, by far not the half that stays
    here. The last newcomer is kept beside them, for whoever asks for one picture many times in a row.

    Args:
        most_bytes: Most memory for the pictures that stay.
        load: Gives the picture of a path; :func:`~syndr.images.decode` by default.
    """

    def __init__(self, most_bytes: int, load: Callable[[str], torch.Tensor] | None = None) -> None:
        self._most = most_bytes
        self._load = load
        self._held = 0
        self._full = False
        self._pictures: dict[str, torch.Tensor] = {}
        self._last: tuple[str, torch.Tensor] | None = None
        self._lock = Lock()

    @property
    def full(self) -> bool:
        """Whether a picture came that there was no room for."""
        return self._full

    def __contains__(self, path: str) -> bool:
        last = self._last
        return path in self._pictures or (last is not None and last[0] == path)

    def get(self, path: str) -> torch.Tensor:
        """Give a picture as ``load`` does; it is shared, so it must not be changed.

        Raises:
            ImageError: When it cannot be read.
        """
        picture, last = self._pictures.get(path), self._last
        if picture is None and last is not None and last[0] == path:
            picture = last[1]
        if picture is not None:
            return picture
        # Outside the lock: two threads may do it twice, none waits for another's file.
        picture = decode(path) if self._load is None else self._load(path)
        with self._lock:
            if self._held + picture.nbytes > self._most:
                self._full, self._last = True, (path, picture)
            elif path not in self._pictures:
                self._pictures[path] = picture
                self._held += picture.nbytes
        return picture
