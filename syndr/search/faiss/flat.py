"""FAISS's flat index: every row compared with every other."""

from __future__ import annotations

from typing import Any

from syndr.search.faiss.base import FaissSearch
from syndr.search.rows import Rows


class FaissFlatSearch(FaissSearch):
    """``IndexFlatIP`` over unit rows, searched with the float32 rounding margin added to the radius.

    The margin makes the candidates a superset of the true pairs, so the answer is exact, at FAISS's speed. See
    :class:`syndr.search.faiss.base.FaissSearch`.
    """

    name = "faiss-flat"
    exact = True

    def _empty(self, rows: Rows) -> Any:
        return self._faiss.IndexFlatIP(rows.features.shape[1])
