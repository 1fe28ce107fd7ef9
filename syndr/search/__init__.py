"""Who is near whom: one small protocol and its backends."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from syndr.errors import InputError, require
from syndr.search.exact import ExactSearch
from syndr.search.faiss import FaissFlatSearch
from syndr.search.protocol import LabelGap, Pairs, Search
from syndr.search.rows import (
    OnBadRows,
    Rows,
    as_matrix,
    check_groups,
    check_ids,
    check_labels,
    check_same_dims,
    split_rows,
)


def _cuda_search() -> Search:
    require("torch", "torch")
    return cast(Search, import_module("syndr.search.cuda").CudaSearch())


BACKENDS: dict[str, Callable[[], Search]] = {
    "cuda": _cuda_search,
    ExactSearch.name: ExactSearch,
    FaissFlatSearch.name: FaissFlatSearch,
}


def get_search(search: str | Search) -> Search:
    """Give a backend by name (``"exact"``, ``"cuda"``, ``"faiss"``), or the object itself when it already is one.

    Raises:
        InputError: For an unknown name, or ``"cuda"`` without a CUDA device.
        MissingExtraError: When the backend's package is not installed.
    """
    if not isinstance(search, str):
        return search
    if search not in BACKENDS:
        raise InputError(f"no search backend {search!r}; there are {', '.join(BACKENDS)}")
    return BACKENDS[search]()


__all__ = [
    "BACKENDS",
    "ExactSearch",
    "FaissFlatSearch",
    "LabelGap",
    "OnBadRows",
    "Pairs",
    "Rows",
    "Search",
    "as_matrix",
    "check_groups",
    "check_ids",
    "check_labels",
    "check_same_dims",
    "get_search",
    "split_rows",
]
