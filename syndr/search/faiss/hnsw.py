"""FAISS's graph of near neighbours (HNSW): a query walks from neighbour to nearer neighbour."""

from __future__ import annotations

from typing import Any

from syndr.search.faiss.approximate import ApproximateSearch, at_least
from syndr.search.faiss.index import Index
from syndr.search.rows import Rows

_GREATEST = 2048  # of ef_search; a longer walk costs more than comparing with every row


class FaissHnswSearch(ApproximateSearch):
    """``IndexHNSWFlat`` over unit rows; always on the CPU, as FAISS has it for no GPU.

    Its graph adds about 8 * ``links`` bytes per row. Built by several threads, the graph is not the same each time, and
    neither are the pairs missed. Many equal rows make a poor graph. See :class:`ApproximateSearch` for the arguments
    that are not explained here.

    Args:
        links: Neighbours that each row is linked to (M), at least 2.
        ef_construction: Candidates considered for them.
        ef_search: Candidates that a query keeps, at most 2,048, but never fewer than it lists neighbours; the fewest
            that reach ``target_recall`` when None.
        target_recall: In (0, 1]; not used where ``ef_search`` is given.
        recall_rows: Rows in each sample.
        seed: Of the samples.
    """

    name = "faiss-hnsw"
    _by_range = False  # its range search ends with the ef_search candidates, however many rows are inside
    _least = 16

    def __init__(
        self,
        links: int = 32,
        ef_construction: int = 64,
        ef_search: int | None = None,
        target_recall: float = 0.99,
        recall_rows: int = 256,
        seed: int = 0,
    ) -> None:
        at_least(2, links=links)
        at_least(1, ef_construction=ef_construction, ef_search=ef_search)
        super().__init__(ef_search, target_recall, recall_rows, seed, to_gpu=None)
        self._links = links
        self._ef_construction = ef_construction

    def _empty(self, rows: Rows) -> Any:
        index = self._faiss.IndexHNSWFlat(rows.features.shape[1], self._links, self._faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = self._ef_construction
        return index

    def _most(self, index: Index) -> int:
        return _GREATEST

    def _set_effort(self, index: Index, effort: int) -> None:
        index.host.hnsw.efSearch = effort

    def _parameters(self, index: Index) -> dict[str, object]:
        return {
            "links": self._links,
            "ef_construction": self._ef_construction,
            "ef_search": int(index.host.hnsw.efSearch),
        }
