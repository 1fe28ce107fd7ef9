"""Who is near whom: one small protocol and its backends."""

from __future__ import annotations

from syndr.errors import InputError
from syndr.search.choice import AutoSearch
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

#: Name -> class of each backend. Those whose ``exact`` is False may miss pairs; nothing chooses them but their name.
BACKENDS: dict[str, type[Search]] = {
    backend.name: backend for backend in (ExactSearch, FaissFlatSearch, FaissIvfSearch, FaissHnswSearch)
}
_ALIASES = {"faiss": FaissFlatSearch.name}


def get_search(search: str | Search) -> Search:
    """Give a backend by name, or the object itself when it already is one.

    Args:
        search: ``"auto"`` (see :class:`AutoSearch`), a name in :data:`BACKENDS`, ``"faiss"`` (the flat one), or a
            backend.

    Raises:
        InputError: For an unknown name.
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
    "get_search",
    "split_rows",
]
