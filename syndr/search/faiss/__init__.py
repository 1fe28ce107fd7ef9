"""FAISS behind the search protocol: an exact flat index, and two that may miss pairs and say how many."""

from __future__ import annotations

from syndr.search.faiss.flat import FaissFlatSearch
from syndr.search.faiss.hnsw import FaissHnswSearch
from syndr.search.faiss.ivf import FaissIvfSearch

__all__ = ["FaissFlatSearch", "FaissHnswSearch", "FaissIvfSearch"]
