"""Section "Clusters": which samples DRCDown found redundant, and how many of each cluster stayed."""

from __future__ import annotations

from syndr.report.blocks import Block, Facts, Section, Text
from syndr.report.clustering import Clustering
from syndr.report.recorded_run import RecordedRun
from syndr.report.sections.chaining import chaining_note
from syndr.report.sections.largest_clusters import cluster_cards, largest_clusters
from syndr.report.sections.size_bands import bars_by_size, sizes_before_and_after
from syndr.report.sections.wording import absent, count, part
from syndr.report.thumbnails import Thumbnails

TITLE = "Clusters"


def clusters_section(run: RecordedRun, thumbnails: Thumbnails | None = None) -> Section:
    """Build the section of a run."""
    if run.setting("downsample", "enabled") is False:
        return Section(TITLE, [Text("The recipe switches thinning off (downsample.enabled): every sample was kept.")])
    if run.stage("train") is None:
        return Section(TITLE, [absent("train")])
    found = Clustering.recorded(run)
    if found is None:
        return Section(TITLE, [absent("train", "cluster_sizes.parquet")])
    return clustering_section(found, thumbnails)


def clustering_section(found: Clustering, thumbnails: Thumbnails | None = None) -> Section:
    """Build the section from what thinning did."""
    if len(found.size) == 0:
        return Section(TITLE, [Text("No sample was eligible for thinning, so there are no clusters.")])
    size, kept = found.size, found.kept
    blocks: list[Block] = [
        Text(f"{what_happened(found)} {the_rule(found)}"),
        Facts(
            {
                "Samples in clusters": int(size.sum()),
                "Dropped": part(found.dropped, int(size.sum())),
                "Clusters thinned": part(found.thinned, len(size)),
                "Largest cluster, before and after": f"{size.max():,} → {kept.max():,}",
            },
            headline=True,
        ),
        *chaining_note(found),
        bars_by_size(size, kept),
        *cluster_cards(found, thumbnails),
        sizes_before_and_after(size, kept),
        largest_clusters(found),
    ]
    return Section(TITLE, blocks)


def what_happened(found: Clustering) -> str:
    """Say how many samples were dropped, and from how many clusters."""
    if not found.thinned:
        return "DRCDown dropped nothing: no cluster is large enough to be thinned."
    rest = len(found.size) - found.thinned
    return f"DRCDown dropped {count(found.dropped, 'sample')} from {count(found.thinned, 'cluster')}" + (
        f"; the other {count(rest, 'cluster')} kept every member." if rest else ", all there are."
    )


def the_rule(found: Clustering) -> str:
    """Say what makes a cluster, and how many of its members stay."""
    radius, gap, least = (found.settings.get(key) for key in ("distance", "label_gap", "min_keep"))
    sentences: list[str] = []
    if radius is not None and gap is not None:
        labels = f" and their qualities differ by less than {gap:g} on the 0–10 scale"
        sentences.append(
            f"Two samples are joined when their cosine distance is below {radius:g}"
            f"{labels if found.labelled else ''}; a cluster is whatever is joined, directly or "
            "through others."
        )
    limit = {"released": 1, "paper": 2}.get(str(found.settings.get("rule")))
    if limit is not None and least is not None:
        sentences.append(
            f"A cluster of more than {limit * least} members keeps half of them, but at least {least}, chosen at "
            "random by the seed."
        )
    if found.settings.get("refresh") == "epoch":
        sentences.append(
            "Thinning is redone in every epoch with the features the model then has; shown here is the last one."
        )
    return " ".join(sentences)
