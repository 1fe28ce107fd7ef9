"""The tree of errors, and optional imports that say how to get what is missing."""

from __future__ import annotations

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


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory, or another thread, could not be had; torch and C++ have their own."""
    text = str(error).lower()
    words = ("allocate memory", "out of memory", "bad_alloc", "can't start new thread", "resource temporarily unavail")
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(word in text for word in words))


def require(module: str, extra: str) -> ModuleType:
    """Import an optional module.

    Args:
        module: Dotted name of the module, such as ``"faiss"``.
        extra: The extra of this package that brings it, such as ``"faiss"``.

    Returns:
        The imported module.

    Raises:
        MissingExtraError: When it cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{module} cannot be imported ({error}); install it with: pip install 'syndr[{extra}]'"
        ) from error
