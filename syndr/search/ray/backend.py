"""The exact search on many workers: blocks of rows meet as tasks, and what each finds is merged here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from syndr import _native
from syndr.cluster import Cluster, completed, connect
from syndr.errors import InputError
from syndr.progress import Progress, silent
from syndr.search.clock import Clock
from syndr.search.exact import check_dims
from syndr.search.filters import Filter, choose_filter
from syndr.search.protocol import LabelGap, Pairs
from syndr.search.ray import tasks
from syndr.search.ray.blocks import Blocks, plan_blocks
from syndr.search.ray.placement import MappedRows, behind
from syndr.search.rows import Rows
from syndr.threads import default_threads

_AHEAD = 2  # tasks for each CPU that are under way: one that runs, one whose rows are fetched meanwhile
_RETRIES = 5  # times that a task is run again when its worker dies
_QUERIES = 4  # parts of the queries for each CPU


class RaySearch:
    """Every pair, decided by the float64 distance, on the CPUs of a Ray cluster; the same answer as one machine's.

    Rows in label order are cut into blocks. A block is made ready by one task (its short and its 8-bit rows, kept in
    Ray's object store), and each two blocks whose labels come near meet in another, which gives back the edges of a
    spanning forest: fewer than it has rows. They are merged by union-find, and later tasks are told what is joined.

    A worker maps the feature file and the blocks that it is given, which all workers of a node share. Of its own it
    needs only what the blocks' row numbers and groups take: about 40 bytes for each row of two blocks.

    Args:
        address: See :func:`syndr.cluster.connect`.
        block_rows: Rows of a block, by default 3,072 to 131,072, by the number of rows and CPUs.
        place: ``"auto"``: rows that are mapped from a file are mapped by each node, which must see the file under the
            same name; others are copied into the object store, once for each node. ``"copy"``: always that.
        memory_limit: Bytes that the blocks may take together in the object stores; half of these when None.

    Attributes:
        report: What the last call did: ``nodes``, ``workers``, ``blocks``, ``tasks``, the ``filter`` and why, the
            counts of :class:`~syndr.search.ExactSearch`, ``forest_edges`` or ``edges`` handed back, ``placed``
            (how the rows got there) and ``seconds`` by phase.
    """

    name = "ray"
    exact = True

    def __init__(
        self,
        address: str | None = None,
        block_rows: int | None = None,
        place: Literal["auto", "copy"] = "auto",
        memory_limit: int | None = None,
    ) -> None:
        if block_rows is not None and block_rows < 1:
            raise InputError(f"block_rows must be at least 1, or None to have them chosen, not {block_rows}")
        if place not in ("auto", "copy"):
            raise InputError(f'place must be "auto" or "copy", not {place!r}')
        self.address = address
        self.block_rows = block_rows
        self.place = place
        self.memory_limit = memory_limit
        self.report: dict[str, Any] = {}

    def components(
        self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent
    ) -> npt.NDArray[np.int64]:
        """See :meth:`syndr.search.protocol.Search.components`."""
        joined = _native.JoinedRows(len(rows))

        def groups(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64]]:
            return (joined.roots(a if a is b else np.concatenate([a, b])),)

        edges = 0
        for found in self._meetings("components", rows, radius, gap, tasks.forest, groups, progress):
            edges += joined.join(found.i, found.j)
        self.report["forest_edges"] = edges
        return joined.labels()

    def pairs(self, rows: Rows, radius: float, gap: LabelGap | None = None, progress: Progress = silent) -> Pairs:
        """See :meth:`syndr.search.protocol.Search.pairs`; they all come here, so there must be room for them."""
        meetings = self._meetings("pairs", rows, radius, gap, tasks.pairs, lambda a, b: (), progress)
        pairs = Pairs.joined([Pairs.none(), *(Pairs(found.i, found.j, found.distance) for found in meetings)])
        self.report["edges"] = len(pairs)
        return pairs

    def nearest(
        self,
        queries: Rows,
        base: Rows,
        k: int = 1,
        query_groups: npt.NDArray[np.int64] | None = None,
        base_groups: npt.NDArray[np.int64] | None = None,
        progress: Progress = silent,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """See :meth:`syndr.search.protocol.Search.nearest`."""
        cluster, clock = connect(self.address), Clock()
        remote = cluster.remote(tasks.nearest, num_cpus=1, max_retries=_RETRIES)
        sent = [*self._placed(cluster, queries), *self._placed(cluster, base)]
        groups = [None if each is None else cluster.ray.put(each) for each in (query_groups, base_groups)]
        clock.lap("place the rows")
        cuts = np.linspace(0, len(queries), min(len(queries), _QUERIES * cluster.cpus) + 1).astype(int).tolist()
        parts = list(pairwise(cuts)) if len(queries) else []
        distances, found = np.full((len(queries), k), np.nan), np.full((len(queries), k), -1, dtype=np.int64)
        submits = (lambda part=part: remote.remote(*sent, k, *groups, *part) for part in parts)
        for done, (number, (near, rows)) in enumerate(completed(cluster, submits, _AHEAD * cluster.cpus), start=1):
            distances[slice(*parts[number])], found[slice(*parts[number])] = near, rows
            progress("nearest", done, len(parts))
        clock.lap("search")
        self.report = _about(cluster, sent[2], clock) | {"tasks": len(parts)}
        return distances, found

    def _meetings(
        self,
        stage: str,
        rows: Rows,
        radius: float,
        gap: LabelGap | None,
        task: Callable[..., tasks.Found],
        extra: Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], tuple[Any, ...]],
        progress: Progress,
    ) -> Iterator[tasks.Found]:
        """Have all blocks meet, and give what they find; ``extra`` makes a task's last arguments at its turn."""
        check_dims(rows)
        cluster, clock = connect(self.address), Clock()
        limit = self.memory_limit if self.memory_limit is not None else cluster.store_bytes // 2
        filter = choose_filter(rows, radius, gap, default_threads(), limit)
        clock.lap("choose the filter")
        labels = None if gap is None else cluster.ray.put(gap.labels)
        condition = tasks.Condition(radius, 0.0 if gap is None else gap.gap)
        given = (*self._placed(cluster, rows), labels, condition)
        clock.lap("place the rows")
        plan = plan_blocks(len(rows), gap, cluster.cpus, self.block_rows)
        prepare = cluster.remote(tasks.prepare, num_cpus=1, max_retries=_RETRIES)
        meet = cluster.remote(task, num_cpus=1, max_retries=_RETRIES)
        shared = cluster.ray.put(filter)
        ready = [prepare.remote(*given, shared, members) for members in plan.members]

        def submit(a: int, b: int) -> Any:
            return meet.remote(*given, *extra(plan.members[a], plan.members[b]), ready[a], ready[b])

        counts: Counter[str] = Counter()
        submits = (lambda a=a, b=b: submit(a, b) for a, b in plan.meetings)
        for done, (_, found) in enumerate(completed(cluster, submits, _AHEAD * cluster.cpus), start=1):
            counts.update(found.counts)
            yield found
            progress(stage, done, len(plan.meetings))
        clock.lap("scan")
        self.report = _about(cluster, given[0], clock) | _about_plan(plan, filter) | counts

    def _placed(self, cluster: Cluster, rows: Rows) -> tuple[Any, Any]:
        """Put rows where every node finds them: features and norms, as tasks take them."""
        mapped = behind(rows.features) if self.place == "auto" else None
        return mapped or cluster.ray.put(rows.features), cluster.ray.put(rows.norms)


def _about(cluster: Cluster, features: Any, clock: Clock) -> dict[str, Any]:
    return {
        "nodes": cluster.nodes,
        "workers": cluster.cpus,
        "placed": "mapped by each node" if isinstance(features, MappedRows) else "copied into the object store",
        "seconds": {"connect": cluster.seconds, **clock.seconds},
    }


def _about_plan(plan: Blocks, found: Filter) -> dict[str, Any]:
    return {
        "filter": found.why,
        "dims_kept": found.dims,
        "blocks": len(plan.members),
        "tasks": len(plan.members) + len(plan.meetings),
    }
