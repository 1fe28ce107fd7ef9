"""Decoded pictures kept in memory, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

import torch

Key = TypeVar("Key", bound=Hashable)


class PictureCache(Generic[Key]):
    """Decoded pictures by what they are loaded from: the first that come stay, as many as fit; threads may share it.

    Training asks for every picture once in each epoch, in another order each time. To drop the least recently used one
    for each newcomer would then leave few hits: 15% where half of the pictures fit, by far not the half that stays
    here. The last newcomer is kept beside them, for whoever asks for one picture many times in a row.

    Args:
        most_bytes: Most memory for the pictures that stay.
        load: Gives the picture of a key, as :func:`~syndr.images.decode` does of a path.
    """

    def __init__(self, most_bytes: int, load: Callable[[Key], torch.Tensor]) -> None:
        self._most = most_bytes
        self._load = load
        self._held = 0
        self._full = False
        self._pictures: dict[Key, torch.Tensor] = {}
        self._last: tuple[Key, torch.Tensor] | None = None
        self._lock = Lock()

    @property
    def full(self) -> bool:
        """Whether a picture came that there was no room for."""
        return self._full

    def __contains__(self, key: Key) -> bool:
        last = self._last
        return key in self._pictures or (last is not None and last[0] == key)

    def get(self, key: Key) -> torch.Tensor:
        """Give a picture as ``load`` does; it is shared, so it must not be changed.

        Raises:
            ImageError: When it cannot be read.
        """
        picture, last = self._pictures.get(key), self._last
        if picture is None and last is not None and last[0] == key:
            picture = last[1]
        if picture is not None:
            return picture
        # Outside the lock: two threads may do it twice, none waits for another's file.
        picture = self._load(key)
        with self._lock:
            if self._held + picture.nbytes > self._most:
                self._full, self._last = True, (key, picture)
            elif key not in self._pictures:
                self._pictures[key] = picture
                self._held += picture.nbytes
        return picture
