"""The report of a DRCDown alone: embeddings, what was dropped from them, and why."""

from __future__ import annotations

import numpy as np

from syndr.downsample import DRCDown
from syndr.errors import InputError
from syndr.report.blocks import Facts, Folded, Page, Section
from syndr.report.clustering import Clustering, settings_of
from syndr.report.projection import Method
from syndr.report.sections.clusters import clustering_section
from syndr.report.sections.labels import thinned_labels
from syndr.report.sections.maps import TITLE as MAP
from syndr.report.sections.maps import samples_map
from syndr.report.sections.summary import TITLE as SUMMARY
from syndr.report.sections.summary import clustering_summary
from syndr.report.sections.theorem import bounds_section
from syndr.report.sections.wording import reported_text
from syndr.report.thumbnails import Thumbnails
from syndr.samples import Samples
from syndr.theory import generalization_bound


def thinning_page(
    drcdown: DRCDown,
    samples: Samples | None = None,
    thumbnails: Thumbnails | None = None,
    title: str = "",
    places: Method = "auto",
) -> Page:
    """Describe what a fitted DRCDown did.

    Args:
        drcdown: Fitted, on features of any kind.
        samples: What its ids are, as far as that is known: ``quality`` (0-10) for labels, ``reference`` and ``type``
            for what a cluster holds, ``path`` (and ``seed`` of virtual rows) for pictures.
        thumbnails: Gives small pictures of samples, such as :func:`syndr.inputs.thumbnails_of`; none without it.
        title: Heading of the page.
        places: How the map's points are placed (:func:`~syndr.report.project`).

    Raises:
        InputError: When it was not fitted.
    """
    if not hasattr(drcdown, "result_"):
        raise InputError("this DRCDown has no result yet: call fit or fit_resample first")
    thinning = drcdown.result_
    found = Clustering.fitted(drcdown, samples)
    about = {
        **settings_of(drcdown),
        "random_state": drcdown.random_state,
        "search": thinning.engine_report,
        "set_aside": len(thinning.set_aside),
    }
    placed = np.flatnonzero(thinning.labels >= 0)
    sections = [
        Section(
            SUMMARY,
            [
                *clustering_summary(found, len(thinning.ids), "set aside: without usable features"),
                Folded("How it was done", [Facts({name: reported_text(value) for name, value in about.items()})]),
            ],
        ),
        clustering_section(found, thumbnails),
    ]
    if len(placed):
        plan = samples_map([thinning.ids[row] for row in placed], thinning.features, found, thumbnails, method=places)
        sections.append(Section(MAP, [plan]))
    sections += thinned_labels(found)
    if len(thinning.sizes):
        before, after = (generalization_bound(sizes=sizes) for sizes in (thinning.sizes, thinning.sizes_kept))
        sections.append(bounds_section(before, after, found))
    return Page(
        title=title or "What was thinned, and why",
        subtitle=f"DRCDown over {len(thinning.ids):,} samples · seed {drcdown.random_state}",
        sections=sections,
    )
