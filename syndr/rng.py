"""The one named hash behind every draw, so that results depend on seeds and ids and on nothing else.

A draw is ``XXH64(id in UTF-8, seed)`` (Collet's xxHash, 64 bits), computed in the native core. The seed word
is made from the user's seed and a purpose (an epoch, a data set) by :func:`mix`.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.errors import InputError

_MASK = (1 << 64) - 1


def mix(*words: int) -> int:
    """Fold integers into one 64-bit word, order mattering (SplitMix64's finalizer; Steele et al. 2014).

    Args:
        *words: Any integers; each counts modulo 2**64.

    Returns:
        A number in [0, 2**64).
    """
    state = 0
    for word in words:
        state = (state + operator.index(word) + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def hash_ids(ids: Sequence[str], *seed: int) -> npt.NDArray[np.uint64]:
    """Hash each id under a seed.

    Args:
        ids: Strings, one per row.
        *seed: Integers folded by :func:`mix`, such as ``(random_state, epoch)``.

    Returns:
        uint64 array of the ids' length.

    Raises:
        InputError: For an id that is no Unicode text (a file name with stray bytes).
    """
    try:
        return _native.hash_ids(list(ids), mix(*seed))
    except UnicodeEncodeError as error:
        raise InputError(f"id {error.object!r} is not Unicode text ({error.reason}); give it another name") from error


def sample_seeds(dataset_seed: int, references: Sequence[str]) -> npt.NDArray[np.int64]:
    """Give the seed stored in a virtual row: a fixed hash of (data set seed, reference id).

    Returns:
        int64 array (the 64 bits of the hash, signed, as torch has no unsigned arithmetic).
    """
    return hash_ids(references, dataset_seed).view(np.int64)
