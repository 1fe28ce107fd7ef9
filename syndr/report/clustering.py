"""What thinning did to a set, as the report needs it: from a run folder, or from a fitted DRCDown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from syndr.downsample import DRCDown, Thinning
from syndr.report.distortions import distortion_name
from syndr.report.recorded_run import RecordedRun
from syndr.samples import Samples
from syndr.tables import cluster_sizes_table, clusters_table

#: A cluster is called chained when its ends are this many radii, or this far in quality, apart.
CHAINED_RADII, CHAINED_SPAN = 2.0, 2.0

_SIZES = ("cluster", "size", "kept", "largest_distance", "label_span")
_CONTENTS = {"reference": "Reference images", "type": "Distortions"}


@dataclass(frozen=True, eq=False)
class Clustering:
    """Clusters of samples that are near each other, and who of them stayed.

    Attributes:
        cluster: (clusters,) their numbers.
        size: (clusters,) members before thinning.
        kept: (clusters,) members after.
        largest_distance: (clusters,) largest cosine distance inside; NaN where it was not measured.
        label_span: (clusters,) largest minus smallest label inside; NaN without labels.
        members: Table of ``id``, ``cluster`` (-1 for none) and ``kept``; None when it is not there.
        samples: What the ids are, as far as that is known: ``quality``, ``reference``, ``type``, ``level``, ``path``.
        settings: DRCDown's ``distance``, ``label_gap``, ``min_keep``, ``rule`` and ``refresh``; None for unknown.
    """

    cluster: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]
    kept: npt.NDArray[np.int64]
    largest_distance: npt.NDArray[np.float64]
    label_span: npt.NDArray[np.float64]
    members: Samples | None
    samples: Samples | None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def recorded(cls, run: RecordedRun) -> Clustering | None:
        """Read what a run left; None when it thinned nothing or left no table of sizes."""
        table = run.table("cluster_sizes.parquet", *_SIZES)
        if table is None:
            return None
        columns = {name: table[name].to_numpy() for name in _SIZES}
        names = ("distance", "label_gap", "min_keep", "rule", "refresh")
        return cls(
            **columns,
            members=run.samples("clusters.parquet", "cluster", "kept"),
            samples=run.samples("samples.parquet"),
            settings={name: run.setting("downsample", name) for name in names},
        )

    @classmethod
    def fitted(cls, drcdown: DRCDown, samples: Samples | None = None) -> Clustering:
        """Take what a DRCDown found."""
        return cls.of(drcdown.result_, samples, settings_of(drcdown))

    @classmethod
    def of(cls, thinning: Thinning, samples: Samples | None, settings: Mapping[str, Any]) -> Clustering:
        """Take what a thinning did; ``settings`` as far as they are known."""
        sizes = cluster_sizes_table(thinning)
        columns = {name: sizes[name] for name in _SIZES}
        return cls(**columns, members=clusters_table(thinning), samples=samples, settings=settings)

    @property
    def dropped(self) -> int:
        """How many samples were dropped."""
        return int((self.size - self.kept).sum())

    @property
    def thinned(self) -> int:
        """How many clusters lost members."""
        return int((self.kept < self.size).sum())

    @cached_property
    def by_size(self) -> npt.NDArray[np.int64]:
        """Positions of the clusters of at least two members, largest first."""
        order = np.lexsort((self.cluster, -self.size))
        return order[self.size[order] > 1]

    @property
    def labelled(self) -> bool:
        """Whether the samples have labels."""
        return not np.isnan(self.label_span).all()

    @property
    def unmeasured(self) -> npt.NDArray[np.bool_]:
        """(clusters,) whether the largest distance inside is unknown."""
        return np.isnan(self.largest_distance)

    @cached_property
    def chained(self) -> npt.NDArray[np.bool_]:
        """(clusters,) whether unlike members are joined through others between them."""
        wide: npt.NDArray[np.bool_] = self.label_span > CHAINED_SPAN
        radius = self.settings.get("distance")
        return wide if radius is None else wide | (self.largest_distance > CHAINED_RADII * radius)

    def rows_of(self, clusters: Sequence[int]) -> Samples | None:
        """Give the members of some clusters: ``id``, ``cluster``, ``kept`` and what is known of them; None unknown."""
        if self.members is None:
            return None
        table = self.members.table
        inside = table.filter(pc.is_in(table["cluster"], pa.array(clusters, type=table["cluster"].type)))
        if self.samples is None:
            return Samples(inside)
        known = self.samples.table.filter(pc.is_in(self.samples.table["id"], inside["id"].combine_chunks()))
        known = known.drop_columns([name for name in known.column_names if name in ("cluster", "kept")])
        joined = inside.append_column("_row", pa.array(np.arange(inside.num_rows))).join(
            known, "id", join_type="left outer"
        )
        return Samples(joined.sort_by("_row").drop_columns(["_row"]))

    def contents(self, clusters: Sequence[int]) -> dict[int, dict[str, str | None]]:
        """Say which references and distortions the members of some clusters come from, as far as the tables tell.

        Returns:
            For each cluster ``"Reference images"`` and ``"Distortions"``, such as ``"12 × JPEG, level 5; 3 more"``.
        """
        holds: dict[int, dict[str, str | None]] = {number: dict.fromkeys(_CONTENTS.values()) for number in clusters}
        rows = self.rows_of(clusters)
        if rows is None:
            return holds
        for column, title in _CONTENTS.items():
            if column not in rows:
                continue
            levels = rows.table["level"].to_pylist() if column == "type" and "level" in rows else [None] * len(rows)
            inside: dict[int, list[tuple[Any, Any]]] = {number: [] for number in clusters}
            for number, value, level in zip(
                rows["cluster"].tolist(), rows.table[column].to_pylist(), levels, strict=True
            ):
                if value is not None:
                    inside[number].append((distortion_name(value) if column == "type" else value, level))
            for number, found in inside.items():
                holds[number][title] = _mostly(found)
        return holds


def settings_of(drcdown: DRCDown) -> dict[str, Any]:
    """Give what decides on clusters and on how many of their members stay."""
    return {name: getattr(drcdown, name) for name in ("distance", "label_gap", "min_keep", "rule")}


def _mostly(found: Sequence[tuple[Any, Any]]) -> str | None:
    """Name the two most frequent values and say how many others there are; with levels where these repeat."""
    counts = Counter(str(value) if level is None else f"{value}, level {level:g}" for value, level in found)
    if len(counts) > 2 and max(counts.values()) == 1:
        counts = Counter(str(value) for value, _ in found)
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    # A number is not parted from what it counts by the end of a line.
    texts = [f"{number:,}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{value}" for value, number in ranked[:2]]
    if len(ranked) > 2:
        texts.append(f"{len(ranked) - 2:,} more")
    return "; ".join(texts) or None
