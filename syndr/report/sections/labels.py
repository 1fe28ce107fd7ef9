"""Section "Labels": the quality of the training samples, before and after thinning, original and pseudo."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from syndr.report.blocks import Block, Cell, Histogram, Section, Table, Text
from syndr.report.clustering import Clustering
from syndr.report.recorded_run import RecordedRun
from syndr.report.sections.wording import absent
from syndr.samples import Samples

TITLE = "Labels"
_BINS = np.linspace(0.0, 10.0, 21).tolist()
_AXIS = "quality, 0–10, higher is better"


def labels_section(run: RecordedRun) -> Section:
    """Build the section."""
    samples = run.samples("samples.parquet", "quality")
    if samples is None:
        return Section(TITLE, [absent("synthesize", "samples.parquet" if run.stage("synthesize") else None)])
    return _section(samples, run.samples("clusters.parquet", "kept"))


def thinned_labels(found: Clustering) -> list[Section]:
    """Build the section of a thinning; none when its samples have no labels."""
    if found.samples is None or "quality" not in found.samples:
        return []
    return [_section(found.samples, found.members)]


def _section(samples: Samples, members: Samples | None) -> Section:
    quality = samples["quality"]
    groups: dict[str, npt.NDArray[np.bool_]] = {"All training samples": np.ones(len(samples), dtype=bool)}
    blocks: list[Block] = []

    dropped = None if members is None else _dropped(members, samples)
    if dropped is None:
        blocks += [
            Histogram(quality, "Labels of the training samples", _AXIS, bins=_BINS, unit="samples"),
            Text("No thinning is recorded in this folder, so there is no “after” to compare with."),
        ]
    else:
        groups |= {"Kept by thinning": ~dropped, "Dropped by thinning": dropped}
        blocks.append(
            Histogram(
                quality,
                "Labels before and after thinning",
                _AXIS,
                bins=_BINS,
                highlighted=~dropped,
                highlighted_label="kept",
                unit="samples",
            )
        )

    pseudo = samples["origin"] == "pseudo" if "origin" in samples else np.zeros(len(samples), dtype=bool)
    if pseudo.any():
        groups |= {"Originals": ~pseudo, "Pseudo-labelled": pseudo}
        blocks.append(
            Histogram(
                quality,
                "Original labels and pseudo-labels",
                _AXIS,
                bins=_BINS,
                highlighted=pseudo,
                highlighted_label="pseudo-labelled",
                unit="samples",
            )
        )
    elif "origin" in samples:
        blocks.append(Text("There are no pseudo-labelled samples: all labels are the database's own."))
    blocks.append(
        Table(
            columns=("Samples", "Number", "Mean", "Standard deviation", "Lowest", "Highest"),
            rows=[(name, *_statistics(quality[rows])) for name, rows in groups.items()],
            caption="Labels in numbers",
            note="Qualities on the 0–10 scale; the standard deviation is the population's.",
            decimals=3,
        )
    )
    return Section(TITLE, blocks)


def _dropped(members: Samples, samples: Samples) -> npt.NDArray[np.bool_]:
    """Tell which samples thinning dropped."""
    gone = members.table.filter(pc.invert(members.table["kept"]))["id"].combine_chunks()
    mask: npt.NDArray[np.bool_] = pc.is_in(samples.table["id"], gone).to_numpy()
    return mask


def _statistics(quality: npt.NDArray[np.float64]) -> tuple[Cell, ...]:
    known = quality[np.isfinite(quality)]
    if len(known) == 0:
        return 0, None, None, None, None
    return len(known), float(known.mean()), float(known.std()), float(known.min()), float(known.max())
