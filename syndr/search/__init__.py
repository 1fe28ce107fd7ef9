"""Who is near whom: one small protocol and its backends."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from syndr.errors import InputError, require
from syndr.search.choice import AutoSearch
from syndr.search.closest import closest_pairs
from syndr.search.exact import ExactSearch
from syndr.search.faiss import FaissFlatSearch, FaissHnswSearch, FaissIvfSearch
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


@dataclass(frozen=True)
class CudaByName:
    """Makes :class:`syndr.search.cuda.CudaSearch`, which needs torch and is imported only then."""

    name: str = "cuda"
    exact: bool = True

    def __call__(self) -> Search:
        """Give a backend for the current CUDA device."""
        require("torch", "torch")
        return cast(Search, import_module("syndr.search.cuda").CudaSearch())


@dataclass(frozen=True)
class RayByName:
    """Makes :class:`syndr.search.ray.RaySearch`, which needs Ray and is imported only then."""

    name: str = "ray"
    exact: bool = True

    def __call__(self) -> Search:
        """Give a backend for the cluster that the process or its environment names, or one of this machine's own."""
        require("ray", "ray")
        return cast(Search, import_module("syndr.search.ray").RaySearch())


#: Name -> maker of each backend. Those whose ``exact`` is False may miss pairs; nothing chooses them but their name.
BACKENDS: dict[str, type[Search] | CudaByName | RayByName] = {
    ExactSearch.name: ExactSearch,
    CudaByName.name: CudaByName(),
    RayByName.name: RayByName(),
    FaissFlatSearch.name: FaissFlatSearch,
    FaissIvfSearch.name: FaissIvfSearch,
    FaissHnswSearch.name: FaissHnswSearch,
}
_ALIASES = {"faiss": FaissFlatSearch.name}


def get_search(search: str | Search) -> Search:
    """Give a backend by name, or the object itself when it already is one.

    Args:
        search: ``"auto"`` (see :class:`AutoSearch`), a name in :data:`BACKENDS`, ``"faiss"`` (the flat one), or a
            backend.

    Raises:
        InputError: For an unknown name, or ``"cuda"`` without a CUDA device.
        MissingExtraError: When the backend's package is not installed.
    """
    if not isinstance(search, str):
        return search
    if search == AutoSearch.name:
        return AutoSearch(BACKENDS.get("cuda"))
    name = _ALIASES.get(search, search)
    if name not in BACKENDS:
        raise InputError(f"no search backend {search!r}; there are {', '.join([AutoSearch.name, *BACKENDS])}")
    return BACKENDS[name]()


__all__ = [
    "BACKENDS",
    "AutoSearch",
    "ExactSearch",
    "FaissFlatSearch",
    "FaissHnswSearch",
    "FaissIvfSearch",
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
    "closest_pairs",
    "get_search",
    "split_rows",
]
