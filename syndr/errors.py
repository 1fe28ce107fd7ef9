"""The tree of errors, and optional imports that say how to get what is missing."""

from __future__ import annotations

import errno
import importlib
from types import ModuleType


class SyndrError(Exception):
    """Root of every error this package raises on purpose."""


class InputError(SyndrError, ValueError):
    """An argument or a piece of data is not usable; the message says what, where and what to do."""


class BadRowsError(InputError):
    """Feature rows that have no direction: zero norm, NaN or infinity."""


class LabelRangeError(InputError):
    """A quality label lies outside the range its database declares."""


class ImageError(SyndrError):
    """A picture cannot be read."""


class StoreError(SyndrError):
    """A folder of features or results is incomplete, damaged or made with other settings."""


class ClusterError(SyndrError):
    """A cluster of machines cannot be reached, or does not get the work done."""


class MissingExtraError(SyndrError, ImportError):
    """An optional package is not installed; the message holds the exact install line."""


# What torch, C++, Rust and the dynamic loader say; they have no type of their own for it.
_OUT_OF_MEMORY = (
    "allocate memory",
    "out of memory",
    "bad_alloc",
    "can't start new thread",
    "resource temporarily unavail",
    "failed to map segment",
)


def lack_of_memory(error: BaseException) -> str | None:
    """Tell whether an error, or what caused it, is that memory or another thread could not be had.

    Who reads a file takes any failure for one of the file, and says so: only the cause tells.

    Returns:
        What the allocator said, on one line; None when memory was not what was lacking.
    """
    cause: BaseException | None = error
    while cause is not None:
        if _is_out_of_memory(cause):
            return str(cause).partition("\n")[0] or "an allocation failed"
        cause = cause.__cause__
    return None


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, SyndrError):  # words of our own, with names of files in them
        return False
    if isinstance(error, OSError) and error.errno is not None:  # the loader's have none
        return error.errno == errno.ENOMEM
    text = str(error).lower()
    # The loader's block for the data of threads is of a fixed size, whatever memory there is.
    return any(words in text for words in _OUT_OF_MEMORY) and "static tls" not in text


def require(module: str, extra: str) -> ModuleType:
    """Import an optional module.

    Args:
        module: Dotted name of the module, such as ``"faiss"``.
        extra: The extra of this package that brings it, such as ``"faiss"``.

    Returns:
        The imported module.

    Raises:
        MissingExtraError: When it cannot be imported.
        MemoryError: When it is installed, and there is no room to load it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if lack_of_memory(error):
            raise MemoryError(f"{module} cannot be loaded: {error}") from error
        raise MissingExtraError(
            f"{module} cannot be imported ({error}); install it with: pip install 'syndr[{extra}]'"
        ) from error
